"""Which exchanges are made from which template, in all the traffic: one pass over the fingerprints, or a few
where there are very many.
"""

from __future__ import annotations

from dataclasses import dataclass

import ibis
import pyarrow as pa
from ibis import _

from stillwatch.engine import Engine, Scope, Table
from stillwatch.engine.portions import in_portion
from stillwatch.prompt_templates.families import Family
from stillwatch.prompt_templates.shared import INNER
from stillwatch.schema.table import schema_of

AT_ONCE = 16_000_000
"""Exchanges that are looked through at once; none needs another, and what is found of each is only then put
together.
"""
WANTED = schema_of(frame=pa.int32(), key=pa.int64(), need=pa.int64())
NAMED = schema_of(group=pa.int32(), family=pa.int64(), frame=pa.int32())


@dataclass(frozen=True)
class Uses:
    """The exchanges that templates were used in. Templates that are told by the same fingerprints are one
    frame, whichever groups have them.

    Every group that uses a public template finds it anew: a table of uses by group would hold the traffic of
    its users once for each of them.
    """

    rows: Table
    """frame, request, account, prompt: each exchange that holds enough of a frame's fingerprints, whichever
    group its account is in.
    """
    named: Table
    """group, family, frame: each template, and the frame that it is."""

    def by_family(self, wanted: Table = None) -> Table:
        """family, request, account, each once, of the families in a table `wanted`, or of all; groups may
        tell one family by several frames.
        """
        frames = self.named.select("family", "frame").distinct()
        chosen = frames if wanted is None else frames.semi_join(wanted, "family")
        return self.rows.join(chosen, "frame").select("family", "request", "account").distinct()


def uses_of(engine: Engine, exchanges: Table, found: list[Family]) -> Uses:
    """Where templates were used; `exchanges` has request, account, prompt, head, tail, shingles."""
    number = {told: i for i, told in enumerate(dict.fromkeys(map(_told, found)))}
    named = [{"group": f.group, "family": f.key, "frame": number[_told(f)]} for f in found]
    rows = [
        {"frame": i, "key": key, "need": need} for (counting, need), i in number.items() for key in counting
    ]
    wanted = engine.load("template_wanted", pa.Table.from_pylist(rows, schema=WANTED))
    edges = any(f.kinds[key] != INNER for f in found for key in f.counting)
    portions = engine.collect(exchanges.agg(n=exchanges.count()))["n"][0].as_py() // AT_ONCE + 1
    made = [
        engine.create(f"template_uses_{i}", _held(_chosen(exchanges, i, portions), wanted, edges))
        for i in range(portions)
    ]
    return Uses(
        ibis.union(*made) if len(made) > 1 else made[0],
        engine.load("template_named", pa.Table.from_pylist(named, schema=NAMED)),
    )


def _told(family: Family) -> tuple[frozenset[int], int]:
    """What tells a use of it: two families that agree in this have the same uses."""
    return family.counting, family.need


def _chosen(exchanges: Table, portion: int, portions: int) -> Table:
    return exchanges if portions == 1 else exchanges.filter(in_portion(_.request, portion, portions))


def _held(exchanges: Table, wanted: Table, edges: bool) -> Table:
    """frame, request, account, prompt of the exchanges that hold enough of what is wanted, at their edges too
    where `edges` says so.
    """
    keys = _.shingles.concat(ibis.array([_["head"], _["tail"]])) if edges else _.shingles
    each = exchanges.filter(_.shingles.notnull()).select("request", "account", "prompt", key=keys.unnest())
    rest = {name: _[name].max() for name in ("account", "prompt", "need")}
    # A text that repeats itself has a fingerprint twice. Grouped twice: to make each list distinct, or to
    # count distinct keys, takes longer.
    once = each.join(wanted, "key").group_by("frame", "request", "key").agg(**rest)
    held = once.group_by("frame", "request").agg(held=_.count(), **rest)
    return held.filter(_.held >= _.need).select("frame", "request", "account", "prompt")


def counts_of(engine: Engine, uses: Uses, assigned: Table) -> pa.Table:
    """group, family, exchanges, accounts, prompts (distinct) inside the group, and accounts elsewhere;
    `assigned` has account, group.
    """
    own = uses.rows.join(assigned.select("account", "group"), "account").join(uses.named, ["group", "frame"])
    by_account = own.group_by("group", "family", "frame", "account").agg(n=_.count())
    inside = by_account.group_by("group", "family", "frame").agg(exchanges=_.n.sum(), accounts=_.count())
    prompts = (
        own.filter(_.prompt.notnull())
        .select("group", "family", "prompt")
        .distinct()
        .group_by("group", "family")
        .agg(prompts=_.count())
    )
    users = uses.rows.select("frame", "account").distinct().group_by("frame").agg(everywhere=_.count())
    with Scope(engine, "counts") as scope:
        # Each in a query of its own, so that their memory does not add up.
        known = scope.create("template_inside", inside).join(scope.create("template_users", users), "frame")
        rows = known.left_join(scope.create("template_prompts", prompts), ["group", "family"])
        counted = rows.select(
            "group",
            "family",
            "exchanges",
            "accounts",
            prompts=_.prompts.fill_null(0),
            elsewhere=_.everywhere - _.accounts,
        )
        return scope.collect(counted.order_by(["group", "family"]))
