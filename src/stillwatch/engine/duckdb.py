"""DuckDB, the default: one process, memory bounded, spills to disk."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import duckdb
import ibis
import pyarrow as pa

from stillwatch.engine.base import ROWS_AT_ONCE, Table
from stillwatch.engine.sorted_file import write_sorted
from stillwatch.errors import InputError, OutOfRoom, SettingError
from stillwatch.settings import EngineSettings


@contextmanager
def _within_limits() -> Iterator[None]:
    """A query that runs out of memory or of room for its spill files says which setting to change; one that
    is interrupted says so as Python does.
    """
    try:
        yield
    except duckdb.InterruptException as error:
        raise KeyboardInterrupt from error
    except (duckdb.OutOfMemoryException, duckdb.IOException) as error:
        raise OutOfRoom(
            f"the query engine ran out of room: {str(error).splitlines()[0]}",
            where="engine.memory",
            do='raise it in the settings file, as in memory = "6GB", and see that the disk of --out has '
            "room for spill files",
        ) from error


def _sql(expression: Table) -> str:
    return written(expression.op())


@lru_cache(maxsize=2_048)
def written(node: Any) -> str:
    """The expression of an Ibis node in DuckDB's dialect, remembered for every connection of the same
    settings.

    Writing a query takes Ibis longer than DuckDB needs to answer it over a small table, and a watch asks the
    same ones every day.
    """
    return str(ibis.to_sql(node.to_expr(), dialect="duckdb"))


class DuckDBEngine:
    """Runs Ibis expressions on DuckDB."""

    def __init__(self, settings: EngineSettings, scratch: Path | None = None) -> None:
        """A connection whose spill files live below `scratch`. Raises SettingError for a memory limit that
        cannot be read.
        """
        self.holders: dict[str, object] = {}
        self._views: set[str] = set()
        self._scratch = Path(tempfile.mkdtemp(prefix="stillwatch-", dir=scratch))
        try:
            self.connection = ibis.duckdb.connect(
                ":memory:",
                memory_limit=settings.memory,
                threads=settings.threads or os.cpu_count() or 1,
                preserve_insertion_order=False,
            )
        except Exception as error:
            shutil.rmtree(self._scratch, ignore_errors=True)
            raise SettingError(
                f"the query engine refuses its settings: {error}",
                where="[engine]",
                do='write memory as in "3GB"',
            ) from error
        self._raw = self.connection.con
        self._raw.execute("LOAD icu")
        self._raw.execute("SET TimeZone = 'UTC'")
        # Not among the arguments above: Ibis takes connections of equal arguments for one database, and so
        # `written` remembers for all of them.
        self._raw.execute("SET temp_directory = $folder", {"folder": str(self._scratch)})
        # DuckDB takes notebooks and spawned processes for a terminal, and would write bars of its own among
        # what is shown.
        with suppress(duckdb.InvalidInputException):  # a notebook without ipywidgets, which can show none
            self._raw.execute("SET enable_progress_bar = false")

    def read(self, name: str, paths: Sequence[Path]) -> Table:
        """A view over Parquet files, as an Ibis table. Raises InputError if there are none."""
        if not paths:
            raise InputError(
                f"there are no files for table {name}", do="run detect again; the run folder is incomplete"
            )
        self._views.add(name)
        return self.connection.read_parquet([str(path) for path in paths], table_name=name)

    def load(self, name: str, table: pa.Table) -> Table:
        """An Arrow table, as an Ibis table."""
        self._raw.register("incoming", table)
        try:
            self._raw.execute(f'CREATE OR REPLACE TABLE "{name}" AS SELECT * FROM incoming')
        finally:
            self._raw.unregister("incoming")
        return self.connection.table(name)

    def create(self, name: str, expression: Table) -> Table:
        """The expression's rows, kept under a name."""
        # Ibis 12 writes an overwritten temporary table twice; one statement does it once.
        # DuckDB sums 64-bit integers into 128 bits; the contract, and every other engine, says 64.
        columns = ", ".join(
            f'"{c}"::BIGINT AS "{c}"' if kind.is_int64() else f'"{c}"'
            for c, kind in expression.schema().items()
        )
        with _within_limits():
            self._raw.execute(
                f'CREATE OR REPLACE TABLE "{name}" AS SELECT {columns} FROM ({_sql(expression)})'
            )
        return self.connection.table(name)

    def drop(self, name: str) -> None:
        """Forget a table that `create`, `load` or `read` made."""
        # Ibis 12 with SQLGlot 30 leaves the name out of its DROP TABLE.
        self._raw.execute(f'DROP {"VIEW" if name in self._views else "TABLE"} IF EXISTS "{name}"')
        self._views.discard(name)
        self.holders.pop(name, None)

    def collect(self, expression: Table) -> pa.Table:
        """The expression's rows, in memory."""
        with _within_limits():
            table: pa.Table = self._raw.sql(_sql(expression)).to_arrow_table()
        return table.cast(expression.schema().to_pyarrow())

    def write(self, expression: Table, path: Path, schema: pa.Schema, order: Sequence[str]) -> int:
        """The expression's rows as a sorted Parquet file, written aside and renamed; returns the rows."""
        ordered = expression.order_by(list(order)).select(schema.names)
        with _within_limits():
            batches = self._raw.sql(_sql(ordered)).to_arrow_reader(ROWS_AT_ONCE)
            return write_sorted(
                path, schema, (pa.Table.from_batches([batch]).cast(schema) for batch in batches)
            )

    def described(self) -> dict[str, str]:
        """Name and version, for run.json."""
        return {"name": "duckdb", "version": duckdb.__version__}

    def close(self) -> None:
        """Close the connection and remove its spill files."""
        self.connection.disconnect()
        shutil.rmtree(self._scratch, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
