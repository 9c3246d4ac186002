"""Runs a query over named tables: DuckDB here, Spark there. Nobody else imports an engine."""

from stillwatch.engine.door import Engine
from stillwatch.engine.duckdb import DuckDBEngine
from stillwatch.engine.passing import Passing

__all__ = ["DuckDBEngine", "Engine", "Passing"]
