"""Frozen evidence, read as the run that it was taken from: what reports say of a run, they say of it too."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

import pyarrow as pa

from stillwatch.cases.evidence import Frozen
from stillwatch.engine import Engine, Table
from stillwatch.errors import RunError
from stillwatch.run.about import AGAIN
from stillwatch.run.reading import Run


class FrozenRun(Run):
    """A run that is gone, as far as a case has kept it. No folder is read or written."""

    def __init__(self, kept: Frozen, without: Collection[str] = ()) -> None:
        """without: tables that are read as empty, since they would take too long."""
        self.folder = Path("frozen")
        self.about = kept.about
        self._tables = {}
        self._spans = {}
        self._kept, self._without = kept, frozenset(without)

    def files(self, name: str) -> list[Path]:
        """None: the tables stand in the archive."""
        return []

    def batches(self, name: str, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
        """The rows of a table in order. Raises RunError for a column that it lacks."""
        if name in self._without:
            return
        table = self._kept.table(name)
        missing = [one for one in columns or () if one not in table.column_names]
        if missing:
            raise RunError(f"table {name} has no column {missing[0]}", where="the frozen evidence", do=AGAIN)
        yield from (table.select(list(columns)) if columns else table).to_batches()

    def engine_table(self, engine: Engine, name: str) -> Table:
        """A table as an Ibis table of an engine."""
        return engine.load(name, self._kept.table(name))
