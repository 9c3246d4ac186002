"""The unit of time for searches: a plain DuckDB scan of the columns that they read."""

from __future__ import annotations

import time
from pathlib import Path

import duckdb

from stillwatch.run.layout import stored_days

READ = [
    "account",
    "time",
    "model",
    "status",
    "input_tokens",
    "output_tokens",
    "address",
    "subnet",
    "asn",
    "region",
    "client",
    "stainless",
    "ja4",
    "parameters",
    "end_user",
    "has_text",
    "prompt",
    "head",
    "tail",
    "system",
    "tools",
    "output_format",
    "prefix",
    "continues",
    "leaves",
    "words",
    "semantic",
    "language",
    "script",
    "turns",
    "flags",
    "harvest",
    "refused",
    "reasoning_share",
]
LISTS = ["signatures", "signed", "shingles", "places"]
"""Columns that the search reads: plain ones, and lists."""


def scan(run: Path) -> float:
    """Return the seconds to read every column that the search reads, once, with DuckDB alone."""
    connection = duckdb.connect()
    connection.execute("SET memory_limit = '3GB'")
    files = [str(path) for path in stored_days(run)]
    columns = ", ".join([f"max({name})" for name in READ] + [f"max({name}[1])" for name in LISTS])
    start = time.perf_counter()
    connection.sql(f"SELECT {columns} FROM read_parquet($files)", params={"files": files}).to_arrow_table()
    return time.perf_counter() - start
