"""Rows of DynamoDB, whose values name their types: `{"S": "text"}`, `{"N": "1"}`, `{"M": {…}}`.

Source: Amazon DynamoDB API reference, AttributeValue; data format of its export to S3 and of its streams.
"""

from __future__ import annotations

from typing import Any

from stillwatch.ingest.values import whole

Row = dict[str, Any]
TYPES = frozenset(("S", "N", "B", "BOOL", "NULL", "M", "L", "SS", "NS", "BS"))
DEEPEST = 32


def typed(row: Any) -> bool:
    """Return whether all values of an object name their types."""
    return (
        isinstance(row, dict)
        and bool(row)
        and all(
            type(value) is dict and len(value) == 1 and not TYPES.isdisjoint(value) for value in row.values()
        )
    )


def untyped(row: Row, depth: int = 0) -> Row:
    """Return an object with plain values. Levels below DEEPEST stay as they are."""
    return {name: _plain(value, depth) for name, value in row.items()}


def _plain(value: Any, depth: int) -> Any:
    if depth > DEEPEST or not isinstance(value, dict) or len(value) != 1:
        return value
    ((kind, inside),) = value.items()
    if kind == "M" and isinstance(inside, dict):
        return untyped(inside, depth + 1)
    if kind == "L" and isinstance(inside, list):
        return [_plain(item, depth + 1) for item in inside]
    if kind == "N" and isinstance(inside, str):
        return _number(inside)
    if kind == "NULL":
        return None
    return inside if kind in TYPES else value


def _number(digits: str) -> Any:
    """Return a number as a number, and what is too long for one as its text."""
    if digits.lstrip("-").isdecimal() and len(digits) < 20:
        return int(digits)
    try:
        return float(digits) if len(digits) < 64 and whole(digits) is not None else digits
    except ValueError:
        return digits
