"""A run folder, read: each table by need, as batches, as an Arrow table, as rows, or in an engine."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet as pq

from stillwatch.engine import Engine, Table
from stillwatch.errors import RunError
from stillwatch.plain import plainly
from stillwatch.run.about import AGAIN, read_about
from stillwatch.run.checked import must_be_regular
from stillwatch.run.layout import MARK, TABLES, no_run, stored_days, table_file
from stillwatch.schema.stored import EXCHANGES
from stillwatch.schema.table import Contract, rows_where

pc: Any = pyarrow.compute
Row = dict[str, Any]

NEEDED = ("campaigns", "members", "evidence", "scores")
"""Without these there is nothing to show; any other table may be missing."""
LARGE = ("exchanges", "traces", "member_evidence", "member_adjustments", "account_intents", "labels")
"""Tables that grow with the traffic or with the accounts: their rows are never all kept in memory."""
ROWS_AT_ONCE = 65_536


class Run:
    """A run folder. Raises RunError where it is missing or incomplete."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        if not folder.is_dir():
            raise no_run(folder)
        self.about = read_about(folder / MARK)
        self._tables: dict[str, pa.Table] = {}
        self._spans: dict[str, tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]] = {}
        for name in NEEDED:
            path = table_file(folder, name)
            if not path.exists():
                raise RunError(f"the run has no table {name}", where=str(path), do=AGAIN)

    def files(self, name: str) -> list[Path]:
        """The files of a table, in the order of their rows; none where the run does not have it."""
        if name == EXCHANGES.name:
            return stored_days(self.folder)
        path = table_file(self.folder, name)
        return [path] if path.exists() else []

    def batches(self, name: str, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
        """The rows of a table in order, some at a time. Raises RunError for a column that it lacks."""
        table = _contract(name)
        wanted = list(columns or table.names())
        for path in self.files(name):
            yield from _batches(path, table, wanted)

    def engine_table(self, engine: Engine, name: str) -> Table:
        """A table as an Ibis table of an engine, which reads of it what a query needs."""
        files = self.files(name)
        return engine.read(name, files) if files else engine.load(name, _contract(name).arrow.empty_table())

    def table(self, name: str, columns: list[str] | None = None) -> pa.Table:
        """One table of the run; empty where the run does not have it. Only a whole table is kept, and none
        that is large.
        """
        if name in self._tables:
            return self._tables[name]
        found = list(self.batches(name, columns))
        empty = _contract(name).arrow.empty_table()
        read = pa.Table.from_batches(found) if found else empty.select(columns or empty.column_names)
        if columns is None and name not in LARGE:
            self._tables[name] = read
        return read

    def rows(self, name: str, group: int | None = None) -> list[Row]:
        """The rows of a table, or those of one group, in the table's order; their texts are plain: labels
        come from strangers.
        """
        if group is None:
            return _pylist(self.table(name))
        if name in LARGE:
            found = (
                rows_where(pa.Table.from_batches([batch]), "group", group) for batch in self.batches(name)
            )
            return [row for some in found for row in _pylist(some)]
        table = self.table(name)
        if name not in self._spans:
            groups = np.asarray(pc.fill_null(table.column("group"), -1), dtype=np.int64)
            order = np.argsort(groups, kind="stable")
            self._spans[name] = (order, groups[order])
        order, sorted_groups = self._spans[name]
        start, end = np.searchsorted(sorted_groups, [group, group + 1])
        return _pylist(table.take(order[start:end]))

    def setting(self, section: str, name: str, default: float) -> float:
        """A number among the run's settings."""
        value = self.about.get("settings", {}).get(section, {}).get(name, default)
        return float(value) if isinstance(value, int | float) else default


def _contract(name: str) -> Contract:
    return EXCHANGES if name == EXCHANGES.name else TABLES[name]


def _pylist(table: pa.Table) -> list[Row]:
    rows: list[Row] = table.to_pylist()
    return [{name: plainly(value) for name, value in row.items()} for row in rows]


def _batches(path: Path, table: Contract, columns: list[str]) -> Iterator[pa.RecordBatch]:
    must_be_regular(path, AGAIN)
    try:
        with pq.ParquetFile(path) as file:
            missing = [name for name in columns if name not in file.schema_arrow.names]
            if missing:
                raise RunError(
                    f"table {table.name} has no column {missing[0]}",
                    where=str(path),
                    do=f"it was made by another version: {AGAIN}",
                )
            for batch in file.iter_batches(ROWS_AT_ONCE, columns=columns):
                yield batch.select(columns)
    except (pa.ArrowException, OSError) as error:
        raise RunError(f"table {table.name} cannot be read as Parquet", where=str(path), do=AGAIN) from error
