"""Spark, through Ibis: the same expressions on a cluster. Optional: pip install 'stillwatch[spark]'."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import ibis
import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.engine.base import ROWS_AT_ONCE, Table
from stillwatch.engine.sorted_file import write_sorted
from stillwatch.engine.spark_session import QUERIES
from stillwatch.errors import InputError, OutOfRoom, SettingError

OURS = ("AnalysisException", "ParseException")
"""Errors of Spark that say a query is wrong, which no user has written."""
NO_ROOM = re.compile(r"OutOfMemoryError|No space left|SparkOutOfMemory|maxResultSize")


@contextmanager
def _answered() -> Iterator[None]:
    """A query that the cluster fails to answer says what a person can look at."""
    try:
        yield
    except Exception as error:
        kind = type(error)
        if not kind.__module__.startswith(("pyspark", "py4j")) or kind.__name__ in OURS:
            raise
        said = str(error)
        first = next((line.strip() for line in said.splitlines() if line.strip()), kind.__name__)[:300]
        if NO_ROOM.search(said):
            raise OutOfRoom(
                f"Spark ran out of room: {first}",
                where="engine.memory",
                do="raise it, or give the cluster's executors more memory and disk",
            ) from error
        raise SettingError(
            f"Spark did not answer a query: {first}",
            where="[engine]",
            do="see the cluster's own log, and that every worker sees --out and engine.scratch under one "
            "path",
        ) from error


class SparkEngine:
    """Runs Ibis expressions on a Spark session."""

    def __init__(self, session: Any, scratch: Path | None = None, *, own: bool = False) -> None:
        """scratch: keeps the tables that `create` makes; on a cluster, a folder that this machine and every
        worker see under one path. own: the session is stopped with the engine.
        """
        self.holders: dict[str, object] = {}
        self._own = own
        self._session = session
        for name, value in QUERIES.items():
            session.conf.set(name, value)
        self._scratch = Path(tempfile.mkdtemp(prefix="stillwatch-spark-", dir=scratch))
        self._paths: dict[str, Path] = {}
        self._made = 0
        self.connection = ibis.pyspark.connect(self._session)

    def read(self, name: str, paths: Sequence[Path]) -> Table:
        """A view over Parquet files, as an Ibis table. Raises InputError if there are none."""
        if not paths:
            raise InputError(
                f"there are no files for table {name}", do="run detect again; the run folder is incomplete"
            )
        with _answered():
            return self._view(name, self._session.read.parquet(*map(_pattern, paths)))

    def load(self, name: str, table: pa.Table) -> Table:
        """An Arrow table, as an Ibis table."""
        path = self._fresh(name)
        path.mkdir()
        pq.write_table(table, path / "part.parquet")
        with _answered():
            return self._keep(name, path, self._session.read.parquet(_pattern(path)))

    def create(self, name: str, expression: Table) -> Table:
        """The expression's rows, kept under a name."""
        path = self._fresh(name)
        with _answered():
            frame = self._frame(expression)
            frame.write.parquet(_uri(path))
            # With the schema given, Spark starts no job to find it.
            return self._keep(name, path, self._session.read.schema(frame.schema).parquet(_pattern(path)))

    def drop(self, name: str) -> None:
        """Forget a table that `create`, `load` or `read` made."""
        self.holders.pop(name, None)
        self._session.catalog.dropTempView(name)
        if name in self._paths:
            shutil.rmtree(self._paths.pop(name), ignore_errors=True)

    def collect(self, expression: Table) -> pa.Table:
        """The expression's rows, in memory."""
        # Ibis collects through pandas, which turns 64-bit integers with a null among them into floats: keys
        # would lose their last digits.
        with _answered():
            table: pa.Table = self._frame(expression).toArrow()
        return table.cast(expression.schema().to_pyarrow())

    def write(self, expression: Table, path: Path, schema: pa.Schema, order: Sequence[str]) -> int:
        """The expression's rows as a sorted Parquet file, written aside and renamed; returns the rows.

        Spark sorts and writes; here its files are put one after the other, a batch in memory at a time.
        """
        parts = self._fresh("written")
        try:
            with _answered():
                self._frame(expression.order_by(list(order)).select(schema.names)).write.parquet(_uri(parts))
            return write_sorted(path, schema, _in_order(parts, schema))
        finally:
            shutil.rmtree(parts, ignore_errors=True)

    def described(self) -> dict[str, str]:
        """Name and version, for run.json."""
        return {"name": "spark", "version": str(self._session.version)}

    def close(self) -> None:
        """Remove scratch files and the names they had; stop the session if it was made here."""
        for name in list(self._paths):
            self.drop(name)
        shutil.rmtree(self._scratch, ignore_errors=True)
        if self._own:
            self._session.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _fresh(self, name: str) -> Path:
        """A path of its own: a table may be made anew from its old rows, which must stand until the new ones
        do.
        """
        self._made += 1
        return self._scratch / f"{name}.{self._made}"

    def _keep(self, name: str, path: Path, frame: Any) -> Table:
        table = self._view(name, frame)
        if name in self._paths:
            shutil.rmtree(self._paths[name], ignore_errors=True)
        self._paths[name] = path
        return table

    def _view(self, name: str, frame: Any) -> Table:
        frame.createOrReplaceTempView(name)
        return self.connection.table(name)

    def _frame(self, expression: Table) -> Table:
        """The expression as a data frame with the types that Ibis promises."""
        query = self.connection.compiler.to_sqlglot(expression).transform(_double)
        frame = self._session.sql(query.sql(dialect=self.connection.dialect))
        # Spark ranks in 32 bits where Ibis, DuckDB and the contract say 64, so Ibis leaves the cast out.
        wide = [name for name, kind in expression.schema().items() if kind.is_int64()]
        return frame.withColumns({name: frame[name].cast("bigint") for name in wide}) if wide else frame


def _uri(path: Path) -> str:
    """The path on this machine's own disks and mounts, where a cluster's paths may mean another store."""
    return f"file://{path.absolute()}"


def _pattern(path: Path) -> str:
    """The path where Spark reads it, which takes it for a pattern."""
    return re.sub(r"([\\{}\[\]*?])", r"\\\1", _uri(path))


def _in_order(parts: Path, schema: pa.Schema) -> Iterator[pa.Table]:
    """The rows of a sorted table that Spark wrote, in tables of ROWS_AT_ONCE as every other engine's."""
    held = schema.empty_table()
    for file in sorted(parts.glob("part-*.parquet")):
        with pq.ParquetFile(file) as opened:
            for batch in opened.iter_batches(ROWS_AT_ONCE, columns=schema.names):
                held = pa.concat_tables(
                    [held, pa.Table.from_batches([batch]).select(schema.names).cast(schema)]
                )
                while held.num_rows >= ROWS_AT_ONCE:
                    yield held.slice(0, ROWS_AT_ONCE).combine_chunks()
                    held = held.slice(ROWS_AT_ONCE)
    if held.num_rows:
        yield held.combine_chunks()


def _double(node: Any) -> Any:
    """Spark reads 0.5 as a decimal and rounds what it is multiplied with; every other engine reads a
    double.
    """
    # Only the written form can tell: Ibis has the type right and loses it when it writes the number out.
    from sqlglot import exp

    return (
        exp.cast(node, "double")
        if isinstance(node, exp.Literal) and not node.is_string and not node.is_int
        else node
    )
