"""Runs a query over named tables: DuckDB here, Spark there. Nobody else imports an engine."""

from stillwatch.engine.base import Column, Engine, Table
from stillwatch.engine.duckdb import DuckDBEngine
from stillwatch.engine.open import check_engine, open_engine
from stillwatch.engine.scope import Scope, stage_table

__all__ = ["Column", "DuckDBEngine", "Engine", "Scope", "Table", "check_engine", "open_engine", "stage_table"]
