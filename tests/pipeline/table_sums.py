"""A run's tables in short: one line a column, so that a change of any value shows, and no value does.

`python tests/pipeline/table_sums.py RUN FILE` writes the sums of a run to a golden file. Do so only where a
change of the tables is wanted, and say in the changelog why.
"""

from __future__ import annotations

import hashlib
import json
import math
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

Sums = dict[str, dict[str, Any]]
"""Table -> its number of rows, and for each column what `column_sum` gives."""


def sums_of(run: Path) -> Sums:
    """Every table of a run folder; the exchanges of all days are one table."""
    return {name: table_sum(table) for name, table in sorted(tables_of(run).items())}


def tables_of(run: Path) -> dict[str, pa.Table]:
    """The tables of a run folder by name."""
    found = {path.stem: pq.read_table(path) for path in run.glob("*.parquet")}
    days = sorted((run / "exchanges").glob("day=*/exchanges.parquet"))
    return found | {"exchanges": pa.concat_tables([pq.read_table(path, partitioning=None) for path in days])}


def table_sum(table: pa.Table) -> dict[str, Any]:
    """Number of rows, and the sum of each column."""
    return {"rows": table.num_rows, "columns": {name: column_sum(table[name]) for name in table.column_names}}


def column_sum(column: pa.ChunkedArray[Any]) -> str | float:
    """Of floats, the sum of each value times its place, which another order changes too; of anything else a
    hash.

    A float's last digits may differ between machines, so that a hash of them would be of no use.
    """
    if pa.types.is_floating(column.type):
        return math.fsum(
            value * (1.0 + place / len(column)) for place, value in enumerate(column.to_pylist()) if value
        )
    digest = hashlib.sha256()
    for value in column.to_pylist():
        digest.update(repr(value).encode())
        digest.update(b"\n")
    return digest.hexdigest()[:16]


if __name__ == "__main__":
    Path(sys.argv[2]).write_text(json.dumps(sums_of(Path(sys.argv[1])), indent=1) + "\n", encoding="utf-8")
