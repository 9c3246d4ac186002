"""MongoDB's Extended JSON: the types that plain JSON has not, as one-key objects (`{"$date": …}`)."""

from __future__ import annotations

from typing import Any

MARK = b'{"$'
"""In every line that holds one, as MongoDB's own tools write it."""
SPACED = b'{ "$'
DEPTH = 24
"""Levels that are looked through; what an operator's database adds stands on the first few."""
SAME = frozenset(("$oid", "$numberLong", "$numberInt", "$numberDouble", "$numberDecimal", "$uuid", "$symbol"))


def plain(value: Any, depth: int = DEPTH) -> Any:
    """Return a value with the times, ids and numbers of Extended JSON as plain text or numbers.

    Source: MongoDB Extended JSON specification, canonical and relaxed format.
    """
    if depth == 0:
        return value
    if isinstance(value, list):
        return [plain(item, depth - 1) for item in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        ((name, held),) = value.items()
        if name == "$date":
            return _milliseconds(plain(held, 2))
        if name in SAME and isinstance(held, str | int | float):
            return held
    return {name: plain(held, depth - 1) for name, held in value.items()}


def _milliseconds(held: Any) -> Any:
    """Return a date as text or a number of milliseconds, whose size shows the unit."""
    return int(held) if isinstance(held, str) and held.lstrip("-").isdigit() else held
