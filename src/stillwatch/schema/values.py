"""Named values as a column holds them: the values behind a finding or an excess.

It is a list of records. A map has one type for all its values, and a JSON text has none. DuckDB, Spark,
pandas and Polars can read it directly.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import datetime
from numbers import Integral, Real
from typing import Any

import pyarrow as pa

from stillwatch.schema.table import TIME

Item = int | float | str | datetime | None
VALUE = pa.struct(
    [
        pa.field("name", pa.string(), nullable=False),
        pa.field("whole", pa.int64()),
        pa.field("number", pa.float64()),
        pa.field("text", pa.string()),
        pa.field("time", TIME),
    ]
)
"""One value: a whole number, another number, a text or a time; all are null if it is not known."""
VALUES = pa.list_(VALUE)
"""Values in the order in which they were given; a name may occur more than once."""
PLACES = 9
"""Decimal places of a number: sums of floats in another order must give the same bytes."""


def record(name: str, item: object) -> dict[str, Any]:
    """Return one value as a row holds it. Raises TypeError for what is no number, text or time."""
    kept: dict[str, Any] = {"name": name, "whole": None, "number": None, "text": None, "time": None}
    if item is None:
        return kept
    if isinstance(item, str):
        return kept | {"text": item}
    if isinstance(item, datetime):
        return kept | {"time": item}
    if isinstance(item, Integral):
        return kept | {"whole": int(item)}
    # An engine may return a sum of whole numbers as a decimal, which is no Real.
    if isinstance(item, Real) or hasattr(item, "as_integer_ratio"):
        number = float(item)  # type: ignore[arg-type]
        return kept | ({} if math.isnan(number) else {"number": round(number, PLACES)})
    raise TypeError(f"BUG: {name} is neither a number nor a text nor a time: {type(item).__name__}")


def records(items: Mapping[str, object]) -> list[dict[str, Any]]:
    """Return the values as a row holds them, in their order."""
    return [record(name, item) for name, item in items.items()]


def item(kept: Mapping[str, Any]) -> Item:
    """Return the value in a record; None where it is not known."""
    found: Item = next(
        (kept[kind] for kind in ("whole", "number", "text", "time") if kept[kind] is not None), None
    )
    return found


def items(kept: Iterable[Mapping[str, Any]] | None) -> dict[str, Item]:
    """Return the values by name; for a name that occurs more than once, the first."""
    found: dict[str, Item] = {}
    for one in kept or ():
        found.setdefault(one["name"], item(one))
    return found


def every(kept: Iterable[Mapping[str, Any]], name: str) -> list[Item]:
    """Return all values of one name, in their order."""
    return [item(one) for one in kept if one["name"] == name]
