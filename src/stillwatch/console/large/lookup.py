"""Some rows of a table of a run, found in its file: nothing else of it is kept."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.dataset

from stillwatch.errors import RunError
from stillwatch.run.about import AGAIN
from stillwatch.run.checked import must_be_regular
from stillwatch.run.layout import TABLES, table_file

ds: Any = pyarrow.dataset


def rows_with(
    folder: Path, name: str, column: str, values: Sequence[Any], columns: Sequence[str] | None = None
) -> pa.Table:
    """Return the rows of a table whose column has one of some values, in the table's order; none where the
    run lacks the table. columns: those that are read; None: all. Raises RunError where it cannot be read.
    """
    path = table_file(folder, name)
    contract = TABLES[name]
    wanted = list(columns or contract.names())
    if not path.exists() or not values:
        return contract.arrow.empty_table().select(wanted)
    must_be_regular(path, AGAIN)
    kind = contract.arrow.field(column).type
    try:
        field: Any = ds.field(column)
        same = field == pa.scalar(values[0], kind) if len(values) == 1 else field.isin(pa.array(values, kind))
        table: pa.Table = ds.dataset(str(path), format="parquet").to_table(columns=wanted, filter=same)
    except (pa.ArrowException, OSError, KeyError) as error:
        raise RunError(f"table {name} cannot be read", where=str(path), do=AGAIN) from error
    return table


def count_of(folder: Path, name: str) -> int:
    """Return how many rows a table has, from its foot. Raises RunError where it cannot be read."""
    path = table_file(folder, name)
    if not path.exists():
        return 0
    must_be_regular(path, AGAIN)
    try:
        return int(ds.dataset(str(path), format="parquet").count_rows())
    except (pa.ArrowException, OSError) as error:
        raise RunError(f"table {name} cannot be read", where=str(path), do=AGAIN) from error
