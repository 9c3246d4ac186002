"""What a search left, into a run folder: the same for a first run and for one that has forgotten somebody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow as pa
from ibis import _

from stillwatch.campaigns.permits import Permit
from stillwatch.engine import Engine
from stillwatch.engine.sorted_file import ROWS, TRUE, counts_of, ends_of
from stillwatch.iso_time import iso
from stillwatch.pipeline.read_logs import distinct
from stillwatch.pipeline.releases import RELEASES as READ_RELEASES
from stillwatch.pipeline.search import SearchResult, Stored
from stillwatch.report_tables.labels import sayable
from stillwatch.run.folder import RunFolder
from stillwatch.schema.stored import PERMITS, RELEASES, TRACES
from stillwatch.schema.table import values


def store(engine: Engine, folder: RunFolder, found: SearchResult, stored: Stored, accounts: pa.Table) -> None:
    """Every table but exchanges and quarantine."""
    for name, table in found.tables.items():
        folder.write(name, table)
    folder.write("accounts", accounts)
    folder.write(
        "labels", sayable(distinct(pa.concat_tables([stored.labels, found.said])), found.tables["templates"])
    )
    folder.write("permits", permits_table(stored.permits, set(values(accounts, "account_id"))))
    folder.write("releases", releases_table(engine.collect(stored.releases)))
    timed = found.traces.mutate(
        first=_["first"].as_timestamp("s").cast("timestamp('UTC', 6)"),
        last=_["last"].as_timestamp("s").cast("timestamp('UTC', 6)"),
    )
    engine.write(timed, folder.aside / "traces.parquet", TRACES.arrow, ["account", "key"])


def permits_table(permits: list[Permit], account_ids: set[str]) -> pa.Table:
    """The permits, with only those accounts that the run knows: what else they name is nobody's business
    here.
    """
    rows = [asdict(permit) for permit in permits]
    for row in rows:
        row |= {"accounts": sorted(row["accounts"] & account_ids), "models": sorted(row["models"])}
    return pa.Table.from_pylist(
        [{name: row[name] for name in PERMITS.names()} for row in rows], schema=PERMITS.arrow
    )


def permits_of(table: pa.Table) -> list[Permit]:
    """The permits that a run was searched with."""
    return [
        Permit(
            **{
                **row,
                "accounts": frozenset(row["accounts"]),
                "models": frozenset(row["models"]),
                "purpose": "",
            }
        )
        for row in table.to_pylist()
    ]


def releases_table(seen: pa.Table) -> pa.Table:
    """Table releases, in the order of time."""
    times = pa.array([second * 10**6 for second in values(seen, "second")], RELEASES.arrow.field("time").type)
    return pa.table([seen["model"], times], schema=RELEASES.arrow).sort_by(
        [("time", "ascending"), ("model", "ascending")]
    )


def releases_of(table: pa.Table) -> pa.Table:
    """The releases that a run was searched with, as the search takes them."""
    seconds = pa.array([int(time.timestamp()) for time in values(table, "time")], pa.int64())
    return pa.table([table["model"], seconds], schema=READ_RELEASES)


def counted(files: Sequence[Path], found: SearchResult) -> dict[str, Any]:
    """What run.json says of the exchanges. files: those that hold them, which know their counts."""
    counts = counts_of(files)
    assert counts is not None, "BUG: exchanges were written without their counts"
    first, last = ends_of(files, "time")
    return {
        "exchanges": counts[ROWS],
        "accounts": found.accounts,
        "first": iso(first),
        "last": iso(last),
        "has_text": round(counts[f"{TRUE}has_text"] / counts[ROWS], 6),
    }
