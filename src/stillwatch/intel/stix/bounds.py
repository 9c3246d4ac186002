"""Whether an object is small, flat and plain enough to be looked at, before anything else reads it."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from stillwatch.intel.stix.limits import Limits

NAME = re.compile(r"[A-Za-z0-9_-]{1,250}\Z")
"""Names of properties; those of map keys in extensions include ids and hyphens."""
CONTROL = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b-\u200f\u2028\u2029\u202a-\u202e\u2060-\u2069\ufeff\ud800-\udfff]"
)
"""What no text needs, and what fools a terminal or a person: controls, marks of direction, half pairs."""
SAFE_INTEGER = 2**53 - 1
"""Greater integers are read differently by different JSON libraries (RFC 7493)."""


def out_of_bounds(item: Any, limits: Limits) -> str:
    """Return why a value from JSON is not looked at; empty if it is. Walks without recursion, and stops at
    the first reason.
    """
    if not isinstance(item, Mapping):
        return "it is no JSON object"
    size = seen = 0
    heap: list[tuple[Any, int, str]] = [(item, 1, "")]
    while heap:
        value, depth, name = heap.pop()
        seen += 1
        if seen > limits.values:
            return f"it has more than {limits.values} values"
        if isinstance(value, Mapping | Sequence) and not isinstance(value, str | bytes):
            if depth > limits.depth:
                return f"it is nested deeper than {limits.depth} levels"
            if len(value) > limits.values:
                return f"it has more than {limits.values} values"
        if isinstance(value, Mapping):
            for key, inner in value.items():
                if not isinstance(key, str) or not NAME.match(key):
                    return "the name of a property is not made of letters, digits, _ and -"
                size += len(key)
                heap.append((inner, depth + 1, key))
        elif isinstance(value, Sequence) and not isinstance(value, str | bytes):
            heap.extend((inner, depth + 1, name) for inner in value)
        else:
            why = _bad_value(value, name, limits)
            if why:
                return why
            size += len(value) if isinstance(value, str) else 8
        if size > limits.object_bytes:
            return f"it is larger than {limits.object_bytes} bytes"
    return ""


def _bad_value(value: Any, name: str, limits: Limits) -> str:
    if isinstance(value, str):
        if len(value) > limits.text:
            return f"{name} is longer than {limits.text} characters"
        return f"{name} holds control characters" if CONTROL.search(value) else ""
    if isinstance(value, bool) or value is None:
        return "" if value is not None else f"{name} is null"
    if isinstance(value, int):
        return (
            "" if abs(value) <= SAFE_INTEGER else f"{name} is a number too large to be read alike everywhere"
        )
    if isinstance(value, float):
        return "" if math.isfinite(value) else f"{name} is no number"
    return f"{name} is of a type that JSON does not have"
