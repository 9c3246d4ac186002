"""Runs a query over named tables: DuckDB here, Spark there. Nobody else imports an engine."""

from stillwatch.engine.base import Engine
from stillwatch.engine.duckdb import DuckDBEngine
from stillwatch.engine.scope import Scope

__all__ = ["DuckDBEngine", "Engine", "Scope"]
