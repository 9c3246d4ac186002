"""Tables timeline and marks: volume over time, with releases and bans."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
from ibis import _

from stillwatch.engine import Engine, Table
from stillwatch.schema.found import MARKS, TIMELINE
from stillwatch.schema.table import moment, values

HOUR = 3600


def timeline_table(engine: Engine, rows: Table) -> pa.Table:
    """Return table timeline, by the hour, for every group but the peers."""
    hourly = (
        rows.filter(_.group > 0)
        .group_by("group", hour=(_.second // HOUR).cast("int64"))
        .agg(exchanges=_.count(), accounts=_.account.nunique())
    )
    found = engine.collect(hourly.order_by(["group", "hour"]))
    times = pa.array(
        [moment(hour * HOUR) for hour in values(found, "hour")], TIMELINE.arrow.field("time").type
    )
    return pa.Table.from_arrays(
        [found["group"], times, found["exchanges"], found["accounts"]], names=TIMELINE.names()
    ).cast(TIMELINE.arrow)


def marks_table(engine: Engine, releases: Table, members: Table) -> pa.Table:
    """Return table marks: each release, and each hour in which accounts of a group were banned."""
    rows: list[dict[str, Any]] = [
        {
            "time": moment(row["second"]),
            "kind": "release",
            "label": row["model"],
            "group": None,
            "accounts": None,
        }
        for row in engine.collect(releases.order_by(["second", "model"])).to_pylist()
    ]
    bans = (
        members.filter(_.banned.notnull() & (_.group > 0))
        .group_by("group", hour=(_.banned // HOUR).cast("int64"))
        .agg(n=_.count())
    )
    rows += [
        {
            "time": moment(row["hour"] * HOUR),
            "kind": "ban",
            "label": f"{row['n']} banned",
            "group": row["group"],
            "accounts": row["n"],
        }
        for row in engine.collect(bans.order_by(["group", "hour"])).to_pylist()
    ]
    return pa.Table.from_pylist(rows, schema=MARKS.arrow)
