"""Spark, through Ibis: the same expressions on a cluster. Optional: pip install 'stillwatch[spark]'."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import ibis
import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.engine.door import PARQUET_OPTIONS
from stillwatch.errors import MissingExtra


class SparkEngine:
    """Runs Ibis expressions on a Spark session."""

    def __init__(self, session: Any = None, scratch: Path | None = None) -> None:
        """A session, or a local one made here. Raises MissingExtra if pyspark is not installed."""
        try:
            from pyspark.sql import SparkSession
        except ImportError as error:
            raise MissingExtra("the Spark engine needs pyspark", do="pip install 'stillwatch[spark]'") from error
        self._own = session is None
        self._scratch = Path(tempfile.mkdtemp(prefix="stillwatch-spark-", dir=scratch))
        self._session = session or (
            SparkSession.builder.master("local[2]")
            .appName("stillwatch")
            .config("spark.ui.enabled", "false")
            .config("spark.sql.shuffle.partitions", "4")
            .config("spark.sql.session.timeZone", "UTC")
            .config("spark.driver.bindAddress", "127.0.0.1")
            .config("spark.driver.host", "127.0.0.1")
            .getOrCreate()
        )
        self.connection = ibis.pyspark.connect(self._session)

    def read(self, name: str, paths: Sequence[Path]) -> Any:
        """A view over Parquet files, as an Ibis table."""
        self._session.read.parquet(*[str(path) for path in paths]).createOrReplaceTempView(name)
        return self.connection.table(name)

    def load(self, name: str, table: pa.Table) -> Any:
        """An Arrow table, as an Ibis table."""
        path = self._scratch / f"{name}.load.parquet"
        pq.write_table(table, path)
        return self.read(name, [path])

    def create(self, name: str, expression: Any) -> Any:
        """The expression's rows, kept under a name."""
        path = self._scratch / f"{name}.create"
        frame = self._session.sql(self.connection.compile(expression))
        frame.write.mode("overwrite").parquet(str(path))
        return self.read(name, [path])

    def drop(self, name: str) -> None:
        """Forget a table that `create` or `load` made."""
        self._session.catalog.dropTempView(name)

    def collect(self, expression: Any) -> pa.Table:
        """The expression's rows, in memory."""
        table: pa.Table = self.connection.to_pyarrow(expression)
        return table

    def write(self, expression: Any, path: Path, schema: pa.Schema, order: Sequence[str]) -> int:
        """The expression's rows as a sorted Parquet file, written aside and renamed; returns the rows."""
        table = self.collect(expression.order_by(list(order)).select(schema.names)).cast(schema)
        aside = path.with_name(f".{path.name}.part")
        pq.write_table(table, aside, **PARQUET_OPTIONS)
        aside.rename(path)
        return int(table.num_rows)

    def close(self) -> None:
        """Remove scratch files; stop the session if it was made here."""
        shutil.rmtree(self._scratch, ignore_errors=True)
        if self._own:
            self._session.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()
