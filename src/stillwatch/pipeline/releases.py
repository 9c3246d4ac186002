"""When models were released: told by the operator, or first seen in the log."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
from ibis import _

from stillwatch.engine import Engine, Table
from stillwatch.errors import InputError
from stillwatch.schema.table import schema_of
from stillwatch.toml_file import known, read_toml, sections, utc

RELEASES = schema_of(model=pa.string(), second=pa.int64())
DAY = 86_400


def read_releases(path: Path | None) -> pa.Table | None:
    """The releases of a TOML file of [[release]] sections with model and time. Raises InputError naming the
    section, and for any other section or key.
    """
    if path is None:
        return None
    document = read_toml(path, "releases file", option="--releases", error=InputError)
    rows = [
        _release(row, f"{path}, release {number}")
        for number, row in enumerate(
            sections(document, "release", "releases file", where=str(path), error=InputError), 1
        )
    ]
    return pa.Table.from_pylist(sorted(rows, key=lambda row: (row["second"], row["model"])), schema=RELEASES)


def _release(row: dict[str, Any], where: str) -> dict[str, Any]:
    known(row, ("model", "time"), "a release has an unknown key {}", where=where, error=InputError)
    if set(row) != {"model", "time"} or not isinstance(row["model"], str) or not row["model"]:
        raise InputError(
            "a release needs model and time, and nothing else",
            where=where,
            do='write model = "name" and time = 2026-02-05T18:00:00Z',
        )
    value = row["time"]
    try:
        time = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    except ValueError as error:
        raise InputError(
            "the time of the release is not a date", where=where, do="write time = 2026-02-05T18:00:00Z"
        ) from error
    return {"model": row["model"], "second": int(utc(time, "time", where, InputError).timestamp())}


def releases_seen(engine: Engine, exchanges: Table) -> pa.Table:
    """Models first asked for more than a day after the log begins, by at least a hundred exchanges in all."""
    use = (
        exchanges.filter(_.model.notnull())
        .group_by("model")
        .agg(second=_.time.epoch_seconds().floor().min(), n=_.count())
    )
    rows = engine.collect(use).to_pylist()
    start = min((row["second"] for row in rows), default=0)
    late = [
        {"model": row["model"], "second": row["second"]}
        for row in rows
        if row["second"] > start + DAY and row["n"] >= 100
    ]
    return pa.Table.from_pylist(sorted(late, key=lambda row: (row["second"], row["model"])), schema=RELEASES)
