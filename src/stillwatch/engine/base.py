"""What every engine can do. Queries are Ibis expressions, functions from tables to a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self, TypeAlias

import ibis
import pyarrow as pa

from stillwatch.errors import naming

Table: TypeAlias = ibis.Table
"""Rows in an engine: an Ibis table expression, run when it is collected, created or written."""
Column: TypeAlias = ibis.Value
"""One column of such a table, or a value for each of its rows."""


class Engine(Protocol):
    """Runs Ibis expressions over named tables."""

    holders: dict[str, object]
    """Which piece of work holds a table, by the table's name: so that none takes another's (see Scope)."""

    def read(self, name: str, paths: Sequence[Path]) -> Table:
        """A view over Parquet files, as an Ibis table."""

    def load(self, name: str, table: pa.Table) -> Table:
        """An Arrow table, as an Ibis table."""

    def create(self, name: str, expression: Table) -> Table:
        """The expression's rows, kept under a name for the queries that follow."""

    def drop(self, name: str) -> None:
        """Forget a table that `create`, `load` or `read` made."""

    def collect(self, expression: Table) -> pa.Table:
        """The expression's rows, in memory."""

    def write(self, expression: Table, path: Path, schema: pa.Schema, order: Sequence[str]) -> int:
        """The expression's rows as a Parquet file, sorted, so that equal inputs give equal bytes; returns the
        rows.
        """

    def described(self) -> dict[str, str]:
        """Name and version of the engine, for run.json."""

    def close(self) -> None:
        """Give everything back."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


PARQUET_OPTIONS: dict[str, Any] = {"compression": "zstd", "compression_level": 1}
"""How every Parquet file of a run is written; level 3 takes a quarter longer and saves two bytes in a
hundred.
"""

ROWS_AT_ONCE = 262_144
"""Rows of one row group of such a file."""


@contextmanager
def aside(path: Path) -> Iterator[Path]:
    """A path beside `path` to write to; renamed to it at the end, removed if the writing fails."""
    part = path.with_name(f".{path.name}.part")
    try:
        with naming(path):
            yield part
            part.rename(path)
    finally:
        part.unlink(missing_ok=True)
