"""MongoDB's extended JSON as plain values.

Source: MongoDB Extended JSON (v2), canonical and relaxed; and v1, which mongoexport wrote before 4.2.
"""

from __future__ import annotations

from typing import Any

DEEPEST = 32
MARK = b'"$'
"""Bytes without which a row has no such value."""


def plain(value: Any, depth: int = 0) -> Any:
    """Return a value with its extended parts as plain text and numbers; anything else stays as it is."""
    if depth > DEEPEST:
        return value
    if isinstance(value, list):
        return [plain(item, depth + 1) for item in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        ((name, inside),) = value.items()
        if name.startswith("$"):
            return _special(name, inside, value)
    return {name: plain(item, depth + 1) for name, item in value.items()}


def _special(name: str, inside: Any, whole: dict[str, Any]) -> Any:
    if name == "$date":
        return _special("$numberLong", inside["$numberLong"], whole) if _long(inside) else inside
    if name in ("$oid", "$uuid", "$symbol", "$numberDecimal") and isinstance(inside, str):
        return inside
    if name in ("$numberLong", "$numberInt") and isinstance(inside, str | int):
        digits = str(inside)
        return int(digits) if len(digits) < 21 and digits.lstrip("-").isdecimal() else whole
    if name == "$numberDouble" and isinstance(inside, str):
        return _float(inside)
    if name == "$timestamp" and isinstance(inside, dict) and isinstance(inside.get("t"), int):
        return inside["t"]
    return None if name == "$undefined" else whole


def _long(inside: Any) -> bool:
    return isinstance(inside, dict) and isinstance(inside.get("$numberLong"), str | int)


def _float(digits: str) -> float | None:
    try:
        return float(digits) if len(digits) < 64 and "n" not in digits.lower() else None
    except ValueError:
        return None
