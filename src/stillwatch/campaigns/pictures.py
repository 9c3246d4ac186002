"""What the report draws: volume over time, marks on the time axis, templates."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
from ibis import _

from stillwatch.campaigns.naming import Labels
from stillwatch.engine import Engine
from stillwatch.schema.found import MARKS, TEMPLATES, TIMELINE
from stillwatch.schema.table import values

HOUR = 3600
TEMPLATES_SHOWN = 12
"""Templates of a group that are kept, most used first."""
PARTS = ("head", "tail", "system", "tools")


def moment(second: int) -> datetime:
    """Seconds since 1970 as a time, UTC."""
    return datetime.fromtimestamp(second, UTC)


def timeline_table(engine: Engine, rows: Any) -> pa.Table:
    """Table timeline, by the hour, for every group but the peers."""
    hourly = rows.filter(_.group > 0).group_by("group", hour=(_.second // HOUR).cast("int64")).agg(exchanges=_.count(), accounts=_.account.nunique())
    found = engine.collect(hourly.order_by(["group", "hour"]))
    times = pa.array([moment(hour * HOUR) for hour in values(found, "hour")], TIMELINE.arrow.field("time").type)
    return pa.Table.from_arrays([found["group"], times, found["exchanges"], found["accounts"]], names=TIMELINE.names()).cast(TIMELINE.arrow)


def marks_table(engine: Engine, releases: Any, members: Any) -> pa.Table:
    """Table marks: each release, and each hour in which accounts of a group were banned."""
    rows: list[dict[str, Any]] = [
        {"time": moment(row["second"]), "kind": "release", "label": row["model"], "group": None}
        for row in engine.collect(releases.order_by(["second", "model"])).to_pylist()
    ]
    bans = members.filter(_.banned.notnull() & (_.group > 0)).group_by("group", hour=(_.banned // HOUR).cast("int64")).agg(n=_.count())
    rows += [
        {"time": moment(row["hour"] * HOUR), "kind": "ban", "label": f"{row['n']} banned", "group": row["group"]}
        for row in engine.collect(bans.order_by(["group", "hour"])).to_pylist()
    ]
    return pa.Table.from_pylist(rows, schema=MARKS.arrow)


def templates_table(engine: Engine, templates: Any, sums: Any, traces: Any, labels: Labels, least_accounts: int) -> pa.Table:
    """Table templates: each group's most used heads and tails; words only where the labels hold them and enough accounts share them."""
    carried = traces.filter(_.facet.isin(list(PARTS))).group_by(part=_.facet, key=_["value"]).agg(everywhere=_.count())
    used = templates.filter((_.group > 0) & (_.accounts > 1)).join(sums.select("group", "texts"), "group").left_join(carried, ["part", "key"])
    found = engine.collect(
        used.select("group", "part", "key", "accounts", "uses", "prompts", "texts", everywhere=_.everywhere.fill_null(0)).order_by(
            ["group", _.uses.desc(), "part", "key"]
        )
    )
    rows: list[dict[str, Any]] = []
    taken: dict[int, int] = {}
    for row in found.to_pylist():
        taken[row["group"]] = taken.get(row["group"], 0) + 1
        if taken[row["group"]] > TEMPLATES_SHOWN:
            continue
        shared_by = max(row["everywhere"], row["accounts"])
        rows.append(
            {
                "group": row["group"],
                "part": row["part"],
                "key": row["key"],
                "accounts": row["accounts"],
                "accounts_elsewhere": shared_by - row["accounts"],
                "exchanges": row["uses"],
                "share": round(min(row["uses"] / max(row["texts"], 1), 1.0), 6),
                "distinct_prompts": row["prompts"],
                "words": labels.get((row["part"], row["key"])) if shared_by >= least_accounts else None,
            }
        )
    return pa.Table.from_pylist(rows, schema=TEMPLATES.arrow)
