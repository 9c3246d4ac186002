"""A run folder, read: its tables once each, its rows by group."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from stillwatch.errors import RunError
from stillwatch.schema import found, requests, stored
from stillwatch.schema.plain import plainly
from stillwatch.schema.table import Contract

Row = dict[str, Any]

TABLES: Mapping[str, Contract] = {
    table.name: table
    for table in (
        found.CAMPAIGNS,
        found.GROUPS,
        found.MEMBERS,
        found.MEMBER_EVIDENCE,
        found.MEMBER_ADJUSTMENTS,
        found.EVIDENCE,
        found.LINKS,
        found.SCORES,
        found.INTENTS,
        found.ACCOUNT_INTENTS,
        found.TIMELINE,
        found.MARKS,
        found.TEMPLATES,
        stored.BLINDNESS,
        stored.ACCOUNTS,
        requests.QUARANTINE,
    )
}
NEEDED = ("campaigns", "members", "evidence", "scores")
"""Without these there is nothing to show; any other table may be missing."""
AGAIN = "run `stillwatch detect … --out` again"


class Run:
    """A run folder. Raises RunError where it is missing or incomplete."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        if not folder.is_dir():
            raise RunError(
                "there is no such run folder",
                where=str(folder),
                do="give the folder that `stillwatch detect --out` wrote",
            )
        self.about = _about(folder / "run.json")
        self._tables: dict[str, pa.Table] = {}
        self._spans: dict[str, tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]] = {}
        for name in NEEDED:
            if not (folder / f"{name}.parquet").exists():
                raise RunError(
                    f"the run has no table {name}", where=str(folder / f"{name}.parquet"), do=AGAIN
                )

    def table(self, name: str, columns: list[str] | None = None) -> pa.Table:
        """One table of the run; empty where the run does not have it. Only a whole table is kept in
        memory.
        """
        if name not in self._tables:
            read = _read(self.folder / f"{name}.parquet", TABLES[name], columns or TABLES[name].names())
            if columns is not None:
                return read
            self._tables[name] = read
        return self._tables[name]

    def rows(self, name: str, group: int | None = None) -> list[Row]:
        """The rows of a table, or those of one group, in the table's order; their texts are plain: labels
        come from strangers.
        """
        table = self.table(name)
        if group is None:
            return _pylist(table)
        if name not in self._spans:
            groups = np.asarray(_filled(table.column("group")), dtype=np.int64)
            order = np.argsort(groups, kind="stable")
            self._spans[name] = (order, groups[order])
        order, sorted_groups = self._spans[name]
        start, end = np.searchsorted(sorted_groups, [group, group + 1])
        return _pylist(table.take(order[start:end]))

    def setting(self, section: str, name: str, default: float) -> float:
        """A number among the run's settings."""
        value = self.about.get("settings", {}).get(section, {}).get(name, default)
        return float(value) if isinstance(value, int | float) else default


def _filled(groups: Any) -> Any:
    return pc.fill_null(groups, -1)


def _pylist(table: pa.Table) -> list[Row]:
    rows: list[Row] = table.to_pylist()
    return [{name: plainly(value) for name, value in row.items()} for row in rows]


def _about(path: Path) -> dict[str, Any]:
    try:
        about = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise RunError(
            f"the run's own description cannot be read: {error.strerror}", where=str(path), do=AGAIN
        ) from error
    except ValueError as error:
        raise RunError("the run's own description is not JSON", where=str(path), do=AGAIN) from error
    if not isinstance(about, dict):
        raise RunError("the run's own description is not a JSON object", where=str(path), do=AGAIN)
    return about


def _read(path: Path, table: Contract, columns: list[str]) -> pa.Table:
    if not path.exists():
        return table.arrow.empty_table().select(columns)
    try:
        present = set(pq.read_schema(path).names)
        missing = [name for name in columns if name not in present]
        if missing:
            raise RunError(
                f"table {table.name} has no column {missing[0]}",
                where=str(path),
                do=f"it was made by another version: {AGAIN}",
            )
        return pq.read_table(path, columns=columns)
    except (pa.ArrowException, OSError) as error:
        raise RunError(f"table {table.name} cannot be read as Parquet", where=str(path), do=AGAIN) from error
