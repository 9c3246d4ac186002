"""What other providers reported, as a file for a search: the rows that `stillwatch intel match` wrote."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet as pq

from stillwatch.errors import InputError, RunError
from stillwatch.ingest.files.regular import must_be_a_file
from stillwatch.run.sketched import Sketched
from stillwatch.schema.shared import COLUMNS, SHARED_REPORTS

compute: Any = pyarrow.compute
MOST_ROWS = 5_000_000
"""Rows of the file; a million indicators of three reporters are less."""
LONGEST = 200
"""Characters of a text in it."""
AGAIN = "make it again with `stillwatch intel match`"


def read_shared(path: Path | None) -> pa.Table | None:
    """Read the file; None where none is given. Raises InputError for a file that is none."""
    if path is None:
        return None
    where = str(path)
    must_be_a_file(path, "file of shared reports")
    try:
        with pq.ParquetFile(path) as file:
            rows, schema = file.metadata.num_rows, file.schema_arrow
            if rows > MOST_ROWS:
                raise InputError(f"the file has more than {MOST_ROWS:,} rows", where=where, do=AGAIN)
            _sketched(schema, where)
            _must_have(schema, where)
            table = file.read(columns=SHARED_REPORTS.names()).select(SHARED_REPORTS.names())
    except (pa.ArrowException, OSError, ValueError) as error:
        raise InputError("the file of shared reports is no Parquet file", where=where, do=AGAIN) from error
    return _checked(table, where)


def must_be_keyed(path: Path | None, key_name: str) -> None:
    """Raise InputError where the file's values were keyed with another key than the run's, key_name: nothing
    could match, and nobody would notice.
    """
    if path is None:
        return
    found = _sketched(pq.read_schema(path), str(path)).key
    if found != key_name:
        raise InputError(
            f"the shared reports were keyed with {found}, and the run's key is {key_name}",
            where=str(path),
            do="give both commands the same --key-file: values under two keys never match",
        )


def _sketched(schema: pa.Schema, where: str) -> Sketched:
    try:
        return Sketched.of_schema(schema, where)
    except (RunError, ValueError) as error:
        raise InputError("the file does not say which key it was made with", where=where, do=AGAIN) from error


def _must_have(schema: pa.Schema, where: str) -> None:
    for column in SHARED_REPORTS.columns:
        if column.name not in schema.names or schema.field(column.name).type != column.type:
            raise InputError(f"column {column.name} is missing or has another type", where=where, do=AGAIN)


def _checked(table: pa.Table, where: str) -> pa.Table:
    for column in SHARED_REPORTS.columns:
        found = table.column(column.name)
        if column.required and found.null_count:
            raise InputError(f"column {column.name} has empty fields", where=where, do=AGAIN)
        if column.type == pa.string() and (compute.max(compute.utf8_length(found)).as_py() or 0) > LONGEST:
            raise InputError(
                f"column {column.name} has a text of more than {LONGEST} characters", where=where, do=AGAIN
            )
    for name in ("confidence", "weight"):
        inside = compute.and_(
            compute.greater_equal(table.column(name), 0.0), compute.less_equal(table.column(name), 1.0)
        )
        if not compute.all(inside, min_count=0).as_py():
            raise InputError(f"column {name} has a number outside 0 to 1", where=where, do=AGAIN)
    strange = {str(name) for name in table.column("column").unique().to_pylist()} - set(COLUMNS)
    if strange:
        raise InputError(f"no column of a run is called {min(strange)}", where=where, do=AGAIN)
    return table.cast(SHARED_REPORTS.arrow)
