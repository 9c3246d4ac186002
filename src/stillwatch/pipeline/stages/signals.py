"""Stage signals: the exchanges of the candidates and of some peers to scores."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import ibis
import pyarrow as pa
from ibis import _

from stillwatch.campaigns.candidates import peers
from stillwatch.engine import Engine, Table
from stillwatch.pipeline.stages.candidates import Candidates
from stillwatch.pipeline.stages.facets import Observed
from stillwatch.pipeline.stages.linkage import Groups
from stillwatch.report_tables.timeline import marks_table, timeline_table
from stillwatch.signals import SIGNAL_EXCHANGES, score_groups
from stillwatch.signals import prepare as prepare_inputs
from stillwatch.signals.inputs import LIMITS, SignalInputs

OF_ACCOUNTS = (
    "payment",
    "created_second",
    "banned_second",
    "plan",
    "email_domain",
    "email_public",
    *LIMITS,
)
"""Columns of accounts that signals read."""
PEERS_WANTED = 2_000
"""Accounts in no group that stand for everybody else."""


@dataclass(frozen=True)
class Scored:
    """What the signals found."""

    assigned: Table
    """Table assigned: group, account of every candidate, and of the peers as group 0."""
    inputs: SignalInputs
    """What the signals read, tables of this stage."""
    scores: pa.Table
    """Table scores."""
    blind: list[tuple[str, str, float]]
    """Signals that could not see: name, reason, share of the rows."""

    def tables(self, engine: Engine) -> dict[str, pa.Table]:
        """Tables scores, intents, account_intents, timeline and marks."""
        return {
            "scores": self.scores,
            "intents": self.inputs.intents.groups,
            "account_intents": self.inputs.intents.accounts,
            "timeline": timeline_table(engine, self.inputs.exchanges),
            "marks": marks_table(engine, self.inputs.releases, self.inputs.members),
        }


def score_candidates(
    engine: Engine,
    seen: Observed,
    groups: Groups,
    candidates: Candidates,
    rates: pa.Table | None,
    reported: Table | None,
    progress: Callable[[str], None],
) -> Scored:
    """Tables assigned, signal_exchanges, sums, signal_members and templates, and the scores. rates: table
    RATES, None where not known. reported: what others reported of groups, None where nothing was given.
    """
    progress("groups' exchanges")
    sample = peers(engine, candidates.volumes, candidates.every, PEERS_WANTED)
    assigned = engine.load(
        "assigned", pa.concat_tables([candidates.chosen.select(["group", "account"]), sample])
    )
    rows = _signal_exchanges(
        engine, seen, groups, _peer_volume(engine, groups, candidates), assigned, reported
    )
    inputs = prepare_inputs(engine, rows, seen.tables.releases, rates)
    missing = seen.lacking | _missing_here(engine, inputs.sums)
    return Scored(assigned, inputs, *score_groups(engine, inputs, missing, progress))


def _peer_volume(engine: Engine, groups: Groups, candidates: Candidates) -> Table:
    """account, peer_volume: mean exchanges of the accounts of its region and plan that are no candidates; of
    everyone's where it has none.
    """
    taken = engine.load("taken", candidates.every.select(["account"]))
    known = groups.strata.select("account", "region", "plan").join(
        candidates.volumes.select("account", "n"), "account"
    )
    free = known.anti_join(taken, "account")
    everyone = free.agg(total=_.n.sum(), accounts=_.count()).select(
        overall=_.total.cast("float64") / _.accounts
    )
    local = free.group_by("region", "plan").agg(total=_.n.sum(), accounts=_.count())
    means = local.select("region", "plan", mean=_.total.cast("float64") / _.accounts)
    joined = known.left_join(means, ["region", "plan"]).cross_join(everyone)
    return engine.create(
        "peer_volume", joined.select("account", peer_volume=ibis.coalesce(joined["mean"], joined.overall))
    )


def _signal_exchanges(
    engine: Engine,
    seen: Observed,
    groups: Groups,
    peer_volume: Table,
    assigned: Table,
    reported: Table | None,
) -> Table:
    """The rows that signals read: exchanges of the candidates and the peers."""
    account = seen.tables.accounts.select("account", *OF_ACCOUNTS).left_join(
        groups.declared.select("account", "owner"), "account"
    )
    known = account.select("account", *OF_ACCOUNTS, "owner")
    rows = (
        seen.tables.exchanges.join(_with_reported(assigned, reported), "account")
        .left_join(known, "account")
        .left_join(peer_volume, "account")
    )
    return engine.create("signal_exchanges", rows.select(*SIGNAL_EXCHANGES.names))


def _with_reported(assigned: Table, reported: Table | None) -> Table:
    if reported is None:
        return assigned.mutate(reported=ibis.null("float64"))
    found = assigned.left_join(reported, ["group", "account"])
    return found.select("group", "account", "reported")


def _missing_here(engine: Engine, sums: Table) -> dict[str, float]:
    """The share of the groups' exchanges without text; a log without any prompt has no flags either."""
    row = engine.collect(sums.agg(n=_.n.sum(), texts=_.texts.sum())).to_pylist()[0]
    lacking = 1.0 - (row["texts"] or 0) / row["n"] if row["n"] else 1.0
    return {f"exchanges.{name}": lacking for name in ("flags", "refused", "prompt", "head", "tail")}
