"""Spark, through Ibis: the same expressions on a cluster. Optional: pip install 'stillwatch[spark]'."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import ibis
import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.engine.base import PARQUET_OPTIONS, Table, aside
from stillwatch.errors import InputError, MissingExtra


class SparkEngine:
    """Runs Ibis expressions on a Spark session."""

    def __init__(self, session: Any = None, scratch: Path | None = None) -> None:
        """A session, or a local one made here. Raises MissingExtra if pyspark, or Java for a local one, is
        not installed.

        `scratch` keeps the tables that `create` makes: on a cluster, a folder that every worker sees.
        """
        self.holders: dict[str, object] = {}
        self._own = session is None
        self._session = session or local_session()
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
        return self._view(name, self._session.read.parquet(*[str(path) for path in paths]))

    def load(self, name: str, table: pa.Table) -> Table:
        """An Arrow table, as an Ibis table."""
        path = self._fresh(name)
        path.mkdir()
        pq.write_table(table, path / "part.parquet")
        return self._keep(name, path, self._session.read.parquet(str(path)))

    def create(self, name: str, expression: Table) -> Table:
        """The expression's rows, kept under a name."""
        path = self._fresh(name)
        frame = self._frame(expression)
        frame.write.parquet(str(path))
        # With the schema given, Spark starts no job to find it.
        return self._keep(name, path, self._session.read.schema(frame.schema).parquet(str(path)))

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
        table: pa.Table = self._frame(expression).toArrow()
        return table.cast(expression.schema().to_pyarrow())

    def write(self, expression: Table, path: Path, schema: pa.Schema, order: Sequence[str]) -> int:
        """The expression's rows as a sorted Parquet file, written aside and renamed; returns the rows."""
        table = self.collect(expression.order_by(list(order)).select(schema.names)).cast(schema)
        with aside(path) as part:
            pq.write_table(table, part, **PARQUET_OPTIONS)
        return int(table.num_rows)

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


def local_session() -> Table:
    """A session on this machine. Raises MissingExtra if pyspark or Java is not installed."""
    try:
        from pyspark.sql import SparkSession
    except ImportError as error:
        raise MissingExtra("the Spark engine needs pyspark", do="pip install 'stillwatch[spark]'") from error
    if not (os.environ.get("JAVA_HOME") or shutil.which("java")):
        raise MissingExtra(
            "a local Spark needs Java, and none was found", do="install Java 17 or newer, or set JAVA_HOME"
        )
    return (
        SparkSession.builder.master("local[2]")
        .appName("stillwatch")
        .config("spark.ui.enabled", "false")
        .config("spark.ui.showConsoleProgress", "false")
        .config("spark.sql.shuffle.partitions", "4")
        .config("spark.sql.session.timeZone", "UTC")
        # Spark makes this folder even where no table is kept in it; the user's own is no place for it.
        .config("spark.sql.warehouse.dir", str(Path(tempfile.gettempdir()) / "stillwatch-spark-warehouse"))
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.host", "127.0.0.1")
        .getOrCreate()
    )
