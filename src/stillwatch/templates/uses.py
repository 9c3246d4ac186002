"""Which exchanges are made from which template, in all the traffic: one pass over the fingerprints."""

from __future__ import annotations

from typing import Any

import ibis
import pyarrow as pa
from ibis import _

from stillwatch.engine import Engine
from stillwatch.schema.table import schema_of
from stillwatch.templates.families import Family
from stillwatch.templates.shared import INNER

WANTED = schema_of(group=pa.int32(), family=pa.int64(), key=pa.int64(), need=pa.int64())


def uses_of(engine: Engine, exchanges: Any, found: list[Family]) -> Any:
    """group, family, request, account, prompt: each exchange that holds enough of a template's fingerprints, whichever group its account is in.

    `exchanges` has request, account, prompt, head, tail, shingles.
    """
    rows = [{"group": f.group, "family": f.key, "key": key, "need": f.need} for f in found for key in f.counting]
    wanted = engine.load("template_wanted", pa.Table.from_pylist(rows, schema=WANTED))
    same = ("request", "account", "prompt")
    parts = [exchanges.select("request", "account", "prompt", key=_.shingles.unnest())]
    if any(f.kinds[key] != INNER for f in found for key in f.counting):
        parts += [exchanges.select(*same, key=exchanges[edge]) for edge in ("head", "tail")]
    hits = (ibis.union(*parts) if len(parts) > 1 else parts[0]).join(wanted, "key")
    held = hits.group_by("group", "family", "request").agg(account=_.account.max(), prompt=_.prompt.max(), held=_.key.nunique(), need=_.need.max())
    return engine.create("template_uses", held.filter(_.held >= _.need).select("group", "family", *same))


def counts_of(engine: Engine, used: Any, assigned: Any) -> pa.Table:
    """group, family, exchanges, accounts, prompts (distinct) inside the group, and accounts elsewhere; `assigned` has account, group."""
    own = used.semi_join(assigned, ["account", "group"])
    inside = own.group_by("group", "family").agg(exchanges=_.count(), accounts=_.account.nunique(), prompts=_.prompt.nunique())
    others = used.anti_join(assigned, ["account", "group"]).group_by("group", "family").agg(elsewhere=_.account.nunique())
    rows = inside.left_join(others, ["group", "family"])
    columns = ("group", "family", "exchanges", "accounts", "prompts")
    return engine.collect(rows.select(*columns, elsewhere=_.elsewhere.fill_null(0)).order_by(["group", "family"]))
