"""One sorted table as one Parquet file that knows how many of its rows fill each column."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet as pq

from stillwatch.engine.base import PARQUET_OPTIONS, ROWS_AT_ONCE, aside

COUNTS = "stillwatch.counts"
"""Name of the counts in the file's own metadata: JSON, by column. Parquet's own statistics cannot tell an
empty list from none.
"""
ROWS = "rows"
"""The number of all rows among them."""
TRUE = "true "
"""Before the name of a column of truth values: how many are true."""


def write_sorted(path: Path, schema: pa.Schema, tables: Iterable[pa.Table]) -> int:
    """Tables of the schema, one after the other, as one file, written aside and renamed; returns the rows."""
    counts: Counter[str] = Counter(dict.fromkeys((ROWS, *schema.names), 0))
    with aside(path) as part, pq.ParquetWriter(part, schema, **PARQUET_OPTIONS) as writer:
        for table in tables:
            counts[ROWS] += table.num_rows
            for name, kind, column in zip(schema.names, schema.types, table.columns, strict=True):
                counts[name] += table.num_rows - column.null_count
                if pa.types.is_boolean(kind):
                    counts[TRUE + name] += pyarrow.compute.sum(column).as_py() or 0
            writer.write_table(table, row_group_size=ROWS_AT_ONCE)
        writer.add_key_value_metadata({COUNTS: json.dumps(counts)})
    return counts[ROWS]


def counts_of(paths: Sequence[Path]) -> Mapping[str, int] | None:
    """How many rows of some files fill each column, how many rows there are, and how many are true; None
    where a file does not say so.
    """
    total: Counter[str] = Counter()
    for path in paths:
        told = (pq.read_metadata(path).metadata or {}).get(COUNTS.encode())
        if told is None:
            return None
        total.update(json.loads(told))
    return total


def ends_of(paths: Sequence[Path], column: str) -> tuple[Any, Any]:
    """The least and the greatest value of a column in some files that hold any, as their statistics tell."""
    files = [pq.read_metadata(path) for path in paths]
    place = files[0].schema.to_arrow_schema().names.index(column)
    told = [
        file.row_group(group).column(place).statistics
        for file in files
        for group in range(file.num_row_groups)
    ]
    known: list[Any] = [one for one in told if one is not None and one.has_min_max]
    return min(one.min for one in known), max(one.max for one in known)
