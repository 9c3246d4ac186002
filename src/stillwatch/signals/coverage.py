"""Which of a group's prompts are new, which come back, and how questions are dealt out over accounts."""

from __future__ import annotations

from ibis import _

from stillwatch.engine import Table
from stillwatch.schema.flags import Flag

LEAST_ASKED = 5
"""Distinct questions that an account must have asked to count as one that asks them."""


def coverage_of(rows: Table) -> Table:
    """Return group; of distinct prompts: prompts, again, later, known; of uses: late, fresh.

    The later half begins after the mean time of a group's prompts; fresh ones were first asked in it, known
    ones before it too. again: asked on another day or of another model.
    """
    asked = rows.filter(_.prompt.notnull()).select("group", "prompt", "second", "model")
    middle = (
        asked.group_by("group")
        .agg(total=_.second.sum(), n=_.count())
        .select("group", middle=(_.total // _.n).cast("int64"))
    )
    prompts = (
        asked.join(middle, "group")
        .group_by("group", "prompt")
        .agg(
            days=(_.second // 86_400).nunique(),
            models=_.model.nunique(),
            late=(_.second > _.middle).cast("int64").sum(),
            early=(_.second <= _.middle).cast("int64").sum(),
        )
    )
    return prompts.group_by("group").agg(
        prompts=_.count(),
        again=((_.days > 1) | (_.models > 1)).cast("int64").sum(),
        later=(_.late > 0).cast("int64").sum(),
        known=((_.late > 0) & (_.early > 0)).cast("int64").sum(),
        late=_.late.sum(),
        fresh=((_.early == 0).cast("int64") * _.late).sum(),
    )


def worked_questions(rows: Table) -> Table:
    """Return group, prompts, again, later, known, alone, askers, uses, follow_ups of prompts flagged STEPS.

    rows: SIGNAL_EXCHANGES. alone: distinct prompts that a single account asked. askers: accounts with
    LEAST_ASKED or more of them.
    """
    asked = rows.filter(
        _.prompt.notnull() & ((_.flags.fill_null(0).cast("int64") // int(Flag.STEPS)) % 2 == 1)
    )
    own = asked.group_by("group", "account", "prompt").agg(
        uses=_.count(), follow_ups=(_.turns.fill_null(0) > 1).cast("int64").sum()
    )
    accounts = own.group_by("group", "account").agg(
        asked=_.count(), uses=_.uses.sum(), follow_ups=_.follow_ups.sum()
    )
    askers = accounts.group_by("group").agg(
        askers=(_.asked >= LEAST_ASKED).cast("int64").sum(), uses=_.uses.sum(), follow_ups=_.follow_ups.sum()
    )
    carried = own.group_by("group", "prompt").agg(accounts=_.count())
    alone = carried.group_by("group").agg(alone=(_.accounts == 1).cast("int64").sum())
    covered = coverage_of(asked).select("group", "prompts", "again", "later", "known")
    return (
        covered.join(askers, "group")
        .join(alone, "group")
        .select("group", "prompts", "again", "later", "known", "alone", "askers", "uses", "follow_ups")
    )
