"""Which exchanges are made from which template, in all the traffic: one pass over the fingerprints, or a few where there are very many."""

from __future__ import annotations

from typing import Any

import ibis
import pyarrow as pa
from ibis import _

from stillwatch.engine import Engine
from stillwatch.engine.portions import in_portion
from stillwatch.schema.table import schema_of
from stillwatch.templates.families import Family
from stillwatch.templates.shared import INNER

AT_ONCE = 25_000_000
"""Exchanges that are looked through at once; none needs another, and what is found of each is only then put together."""
WANTED = schema_of(group=pa.int32(), family=pa.int64(), key=pa.int64(), need=pa.int64())


def uses_of(engine: Engine, exchanges: Any, found: list[Family]) -> Any:
    """group, family, request, account, prompt: each exchange that holds enough of a template's fingerprints, whichever group its account is in.

    `exchanges` has request, account, prompt, head, tail, shingles.
    """
    rows = [{"group": f.group, "family": f.key, "key": key, "need": f.need} for f in found for key in f.counting]
    wanted = engine.load("template_wanted", pa.Table.from_pylist(rows, schema=WANTED))
    edges = any(f.kinds[key] != INNER for f in found for key in f.counting)
    portions = engine.collect(exchanges.agg(n=exchanges.count()))["n"][0].as_py() // AT_ONCE + 1
    if portions == 1:
        return engine.create("template_uses", _uses(exchanges, wanted, edges))
    made = []
    for portion in range(portions):
        chosen = exchanges.filter(in_portion(_.request, portion, portions))
        made.append(engine.create(f"template_uses_{portion}", _uses(chosen, wanted, edges)))
    uses = engine.create("template_uses", ibis.union(*made))
    for portion in range(portions):
        engine.drop(f"template_uses_{portion}")
    return uses


def _uses(exchanges: Any, wanted: Any, edges: bool) -> Any:
    """group, family, request, account, prompt of the exchanges that hold enough of what is wanted, at their edges too where `edges` says so."""
    same = ("request", "account", "prompt")
    parts = [exchanges.select("request", "account", "prompt", key=_.shingles.unnest())]
    if edges:
        parts += [exchanges.select(*same, key=exchanges[edge]) for edge in ("head", "tail")]
    hits = (ibis.union(*parts) if len(parts) > 1 else parts[0]).join(wanted, "key")
    held = hits.group_by("group", "family", "request").agg(account=_.account.max(), prompt=_.prompt.max(), held=_.key.nunique(), need=_.need.max())
    return held.filter(_.held >= _.need).select("group", "family", *same)


def counts_of(engine: Engine, used: Any, assigned: Any) -> pa.Table:
    """group, family, exchanges, accounts, prompts (distinct) inside the group, and accounts elsewhere; `assigned` has account, group."""
    own = used.semi_join(assigned, ["account", "group"])
    inside = own.group_by("group", "family").agg(exchanges=_.count(), accounts=_.account.nunique(), prompts=_.prompt.nunique())
    others = used.anti_join(assigned, ["account", "group"]).group_by("group", "family").agg(elsewhere=_.account.nunique())
    rows = inside.left_join(others, ["group", "family"])
    columns = ("group", "family", "exchanges", "accounts", "prompts")
    return engine.collect(rows.select(*columns, elsewhere=_.elsewhere.fill_null(0)).order_by(["group", "family"]))
