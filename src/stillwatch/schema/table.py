"""What a table is: columns, each with a type and a sentence."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute

compute: Any = pyarrow.compute
TIME = pa.timestamp("us", tz="UTC")
KEY = pa.int64()


@dataclass(frozen=True)
class Column:
    """One column of a table."""

    name: str
    """Its name, the same in every engine."""
    type: pa.DataType
    """Its Arrow type."""
    description: str
    """One sentence for the reader of the reference."""
    required: bool = False
    """Whether a row without it is useless."""


@dataclass(frozen=True)
class Contract:
    """One table of a run."""

    name: str
    """Its name; the file or folder in the run has the same."""
    description: str
    """What one row stands for."""
    columns: tuple[Column, ...]
    """Its columns, in order."""
    text: bool = False
    """Whether it holds people's words; such a table is never written to disk."""

    @property
    def arrow(self) -> pa.Schema:
        """The Arrow schema; required columns are not nullable."""
        return pa.schema([pa.field(c.name, c.type, nullable=not c.required) for c in self.columns])

    def names(self) -> list[str]:
        """The column names, in order."""
        return [c.name for c in self.columns]


def values(table: pa.Table, column: str) -> list[Any]:
    """A column's values as Python objects."""
    return list(table.column(column).to_pylist())


def distinct_values(table: pa.Table, column: str) -> list[Any]:
    """A column's different values as Python objects, in the order in which they first appear."""
    return list(table.column(column).unique().to_pylist())


def rows_where(table: pa.Table, column: str, value: object) -> pa.Table:
    """The rows in which the column has the value, in their order."""
    return table.filter(compute.fill_null(compute.equal(table.column(column), value), False))


def rows_in(table: pa.Table, column: str, wanted: Collection[Any]) -> pa.Table:
    """The rows in which the column has one of the values, in their order."""
    chosen = pa.array(sorted(wanted), table.schema.field(column).type)
    return table.filter(compute.is_in(table.column(column), value_set=chosen))


def schema_of(**types: pa.DataType) -> pa.Schema:
    """A schema from names and types, for the small tables inside a stage."""
    return pa.schema([pa.field(name, kind) for name, kind in types.items()])


def moment(second: int) -> datetime:
    """A time in UTC from seconds since 1970."""
    return datetime.fromtimestamp(second, UTC)
