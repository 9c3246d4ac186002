"""Runs a query over named tables: DuckDB here, Spark there. Nobody else imports an engine."""

from stillwatch.engine.base import Column, Engine, Table
from stillwatch.engine.duckdb import DuckDBEngine
from stillwatch.engine.scope import Scope, stage_table

__all__ = ["Column", "DuckDBEngine", "Engine", "Scope", "Table", "stage_table"]
