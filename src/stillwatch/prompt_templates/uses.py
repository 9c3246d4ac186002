"""Which exchanges are made from which template, in all the traffic.

This is one pass over the fingerprints, or a few where there are very many.
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
"""Exchanges that are examined at once; none needs another, and results are combined afterwards."""
WANTED = schema_of(frame=pa.int32(), key=pa.int64(), need=pa.int64())
NAMED = schema_of(group=pa.int32(), family=pa.int64(), frame=pa.int32())


@dataclass(frozen=True)
class Uses:
    """The exchanges in which templates were used.

    Templates with the same fingerprints are one frame, whichever groups have them. Every group that uses a
    public template finds it anew. A table of uses by group would hold the traffic of its users once for each
    group.
    """

    rows: Table
    """frame, request, account, prompt: each exchange with enough of a frame's fingerprints, in any group."""
    named: Table
    """group, family, frame: each template and its frame."""

    def by_family(self, wanted: Table = None) -> Table:
        """Return family, request, account, each once, of the families in a table `wanted`, or of all.

        Groups may recognise one family by several frames.
        """
        frames = self.named.select("family", "frame").distinct()
        chosen = frames if wanted is None else frames.semi_join(wanted, "family")
        return self.rows.join(chosen, "frame").select("family", "request", "account").distinct()


def uses_of(engine: Engine, exchanges: Table, found: list[Family]) -> Uses:
    """Find where templates were used; `exchanges` has request, account, prompt, head, tail, shingles."""
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
    """Return what shows a use of the family: two families that agree in this have the same uses."""
    return family.counting, family.need


def _chosen(exchanges: Table, portion: int, portions: int) -> Table:
    return exchanges if portions == 1 else exchanges.filter(in_portion(_.request, portion, portions))


def _held(exchanges: Table, wanted: Table, edges: bool) -> Table:
    """Return frame, request, account, prompt of the exchanges that hold enough of what is wanted.

    With `edges` their edges count too.
    """
    keys = _.shingles.concat(ibis.array([_["head"], _["tail"]])) if edges else _.shingles
    each = exchanges.filter(_.shingles.notnull()).select("request", "account", "prompt", key=keys.unnest())
    rest = {name: _[name].max() for name in ("account", "prompt", "need")}
    # A text that repeats itself has a fingerprint twice. Grouping twice is faster than making each list
    # distinct or counting distinct keys.
    once = each.join(wanted, "key").group_by("frame", "request", "key").agg(**rest)
    held = once.group_by("frame", "request").agg(held=_.count(), **rest)
    return held.filter(_.held >= _.need).select("frame", "request", "account", "prompt")


def counts_of(engine: Engine, uses: Uses, assigned: Table) -> pa.Table:
    """Return group, family, exchanges, accounts, prompts (distinct) in the group, and accounts elsewhere.

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
        # Each has a query of its own, so that their memory does not add up.
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
