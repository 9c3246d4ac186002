"""One account in the tables of a run: its groups, its marks, and how rare these are."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute

from stillwatch.console.large.kept import kept
from stillwatch.console.large.lookup import count_of, rows_with
from stillwatch.console.large.marks_shown import WORDS, mark_shown
from stillwatch.registry import FACETS
from stillwatch.report.view_models import family_rank
from stillwatch.report_tables.labels import Labels, labels_of
from stillwatch.run.names import keys_named
from stillwatch.run.reading import Row, Run

pc: Any = pyarrow.compute
MOST_TRACES = 20_000_000
"""Traces of a run up to which it is counted how many accounts carry a mark."""
MOST_KEPT = 4_000_000
"""Traces of a run up to which the counts of all keys are kept while it is open."""
MOST_MARKS = 150
"""Marks that are shown, the rarest first."""
IN_GROUP = ("members", "bystanders")


@dataclass(frozen=True)
class Mark:
    """One mark of the account."""

    facet: str
    """Its facet."""
    family: str
    """The facet's family."""
    label: str
    """The mark as shown."""
    carriers: int | None
    """Accounts of the run that carry it; None: they were not counted."""
    exchanges: int
    """Exchanges of the account that left it."""
    first: float | None
    """First seen, POSIX seconds."""
    last: float | None
    """Last seen, POSIX seconds."""


def places_of(folder: Path, name: str) -> list[Row]:
    """Return the account's rows in the groups of a run; `member` says whether the group's numbers rest on it.
    name: its id, or its key in the run.
    """
    found: list[Row] = []
    for table in IN_GROUP:
        rows = _named(folder, table, name)
        found += [row | {"member": table == "members"} for row in rows]
    return found


def account_in(folder: Path, name: str) -> Row | None:
    """Return key and id of an account that the run saw; None where it did not."""
    rows = _named(folder, "accounts", name, ["account", "account_id"])
    return rows[0] if rows else None


def marks_of(run: Run, account: int) -> tuple[list[Mark], int, bool]:
    """Return the marks of an account, the rarest first, how many, and whether carriers were counted."""
    traces = rows_with(run.folder, "traces", "account", [account])
    rows: list[Row] = traces.to_pylist()
    many = count_of(run.folder, "traces")
    counted = many <= MOST_TRACES
    carriers = _carriers(run, traces["key"], many) if counted and rows else {}
    rows.sort(key=lambda row: (carriers.get(row["key"], 0), row["facet"], row["key"]))
    shown = rows[:MOST_MARKS]
    labels = _labels(run, [row["value"] for row in shown])
    families = {name: facet.family for name, facet in FACETS.all().items()}
    marks = [
        Mark(
            row["facet"],
            families.get(row["facet"], "other"),
            mark_shown(row["facet"], row["value"], labels),
            carriers.get(row["key"]) if counted else None,
            row["n"],
            None if row["first"] is None else row["first"].timestamp(),
            None if row["last"] is None else row["last"].timestamp(),
        )
        for row in shown
    ]
    marks.sort(key=lambda mark: (mark.carriers or 0, family_rank(mark.family), mark.facet))
    return marks, len(rows), counted


def _named(folder: Path, table: str, name: str, columns: list[str] | None = None) -> list[Row]:
    found: list[Row] = rows_with(folder, table, "account_id", [name], columns).to_pylist()
    if not found and (keys := keys_named(name)):
        found = rows_with(folder, table, "account", keys, columns).to_pylist()
    return found


def _carriers(run: Run, keys: Any, traces: int) -> dict[int, int]:
    """How many accounts carry each key; an account carries a key once."""
    wanted = np.unique(np.asarray(keys, dtype=np.int64))
    if traces <= MOST_KEPT:
        values, numbers = kept(run, "carriers", lambda: _counted(run))
        places = np.searchsorted(values, wanted)
        return {int(key): int(numbers[place]) for key, place in zip(wanted, places, strict=True)}
    counts: dict[int, int] = {}
    for batch in run.batches("traces", ["key"]):
        here = batch.column("key").filter(pc.is_in(batch.column("key"), value_set=pa.array(wanted)))
        found, times = np.unique(np.asarray(here, dtype=np.int64), return_counts=True)
        for value, number in zip(found.tolist(), times.tolist(), strict=True):
            counts[value] = counts.get(value, 0) + number
    return counts


def _counted(run: Run) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Every key of a run, sorted, and how many accounts carry each."""
    keys = [np.asarray(batch.column("key"), dtype=np.int64) for batch in run.batches("traces", ["key"])]
    values, numbers = np.unique(np.concatenate(keys), return_counts=True)
    return values, numbers.astype(np.int64)


def _labels(run: Run, values: list[int]) -> Labels:
    table: pa.Table = rows_with(run.folder, "labels", "key", sorted(set(values)), ["kind", "key", "label"])
    return labels_of(table.filter(pc.invert(pc.is_in(table["kind"], value_set=pa.array(WORDS)))))
