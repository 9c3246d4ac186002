"""Single values of a log: times, counts, ids, JSON. Errors do not show the value."""

from __future__ import annotations

import ast
import json
import math
import warnings
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import orjson

from stillwatch.ingest.quarantine import BadRow

Row = dict[str, Any]
LONGEST_ID = 1024
"""Characters of an id or header that are kept."""
UNUSABLE = -1
"""Represents a count that cannot be used; it is dropped and counted when the batch is finished."""
LARGEST = 2**62
LONGEST_LITERAL = 2**18
MOST_BRACKETS = 2000
"""Bounds on Python's writing of a value: its parser takes time and stack for what it reads."""


ABSENT = frozenset(
    (
        "",
        "-",
        "--",
        "null",
        "<null>",
        "(null)",
        "none",
        "nil",
        "nan",
        "n/a",
        "undefined",
        "unknown",
        "(not set)",
        "redacted",
        "[redacted]",
        "<redacted>",
        "(redacted)",
        "[filtered]",
        "\\n",
    )
)
"""What logs write, in any case, where they have no value. Many rows share it, so as a value it would join
strangers.
"""
LONGEST_ABSENT = 16


def absent(value: Any) -> bool:
    """Return whether a field holds no value: nothing, or a mark that stands for nothing."""
    if isinstance(value, str):
        if len(value) > LONGEST_ABSENT:
            return value.isspace()
        bare = value.strip()
        return bare.lower() in ABSENT or not bare.strip("*\u2022\u2026.")
    return value is None


def loads(data: bytes | str, column: str = "") -> Any:
    """Parse a JSON value. Raises BadRow.

    Lone surrogates become U+FFFD and NaN becomes null, since real clients send both.
    """
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError as error:
        return _lenient(data, error, column)


def _lenient(data: bytes | str, error: orjson.JSONDecodeError, column: str) -> Any:
    if "ecursion" in error.msg:
        raise BadRow(column, "JSON nested too deeply") from None
    try:
        text = data if isinstance(data, str) else bytes(data).decode("utf-8")
        return _scrub(json.loads(text, parse_constant=lambda _: None, parse_int=_big_int, strict=False))
    except UnicodeDecodeError:
        raise BadRow(column, "not valid UTF-8") from None
    except json.JSONDecodeError as fault:
        raise BadRow(column, f"not valid JSON: {fault.msg.split(':')[0].lower()}") from None
    except RecursionError:
        raise BadRow(column, "JSON nested too deeply") from None


def _big_int(digits: str) -> int | float:
    return int(digits) if len(digits) < 40 else float(digits)


def _scrub(value: Any) -> Any:
    if isinstance(value, str):
        return scrub_text(value)
    if isinstance(value, list):
        return [_scrub(item) for item in value]
    if isinstance(value, dict):
        return {_scrub(key): _scrub(item) for key, item in value.items()}
    return value


def scrub_text(text: str) -> str:
    """Replace lone surrogates, so that the text can be written as UTF-8."""
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def inner(value: Any) -> Any:
    """Unpack a value that may be JSON inside a string; a string that is no JSON stays as it is."""
    if isinstance(value, str) and value[:1] in ("{", "[", " ", "\n", '"'):
        try:
            return loads(value)
        except BadRow:
            return literal(value)
    return value


def literal(value: str) -> Any:
    """Read what Python writes for lists and objects, as in CSV files of data frames; else the text itself."""
    if not value.startswith(("{'", "[{'", "['")) or not value.rstrip().endswith(("]", "}")):
        return value
    if len(value) > LONGEST_LITERAL or value.count("[") + value.count("{") + value.count("(") > MOST_BRACKETS:
        return value
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return orjson.loads(orjson.dumps(ast.literal_eval(value), option=orjson.OPT_NON_STR_KEYS))
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return value


def canonical(value: Any, column: str) -> str | None:
    """Return a JSON value with sorted keys; None for nothing.

    Raises BadRow if it is nested too deeply or holds a number that JSON cannot hold.
    """
    if value is None or value == [] or value == {} or value == "":
        return None
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS).decode()
    except (orjson.JSONEncodeError, RecursionError):
        raise BadRow(column, "JSON nested too deeply or holding a number out of range") from None


def text(value: Any) -> str | None:
    """Return an id or header as text of at most LONGEST_ID characters; None where there is none."""
    if isinstance(value, str):
        return None if absent(value) else value[:LONGEST_ID]
    if isinstance(value, int) and not isinstance(value, bool) and -LARGEST < value < LARGEST:
        return str(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))  # data frames turn a column of numbers with gaps into floats
    return None


def path_of(value: Any) -> str | None:
    """Return the end of a forwarded address, which the provider's own proxies wrote.

    The part that a client wrote before it may have any length.
    """
    joined = ", ".join(map(str, value)) if isinstance(value, list) else value
    return joined[-LONGEST_ID:] or None if isinstance(joined, str) else None


def whole(value: Any) -> int | None:
    """Return a count; None where there is none, UNUSABLE if it is negative or no number."""
    if value is None or value == "":
        return None
    if type(value) is int:
        return value if 0 <= value < LARGEST else (UNUSABLE if value < 0 else LARGEST)
    if isinstance(value, str):
        value = _number(value)
    if isinstance(value, Decimal):
        value = float(value)
    if isinstance(value, float | int) and not isinstance(value, bool) and math.isfinite(value) and value >= 0:
        return min(int(value), LARGEST)
    return UNUSABLE


def _number(digits: str) -> float | None:
    try:
        return float(digits) if len(digits) < 64 else None
    except ValueError:
        return None


def moment(value: Any, column: str = "time", unit: str = "") -> int:
    """Return a time as microseconds since 1970, UTC. Raises BadRow.

    Takes ISO 8601, datetimes and epochs (s, ms, us, ns by size).
    """
    if isinstance(value, datetime):
        return _micros(value)
    if isinstance(value, str):
        if value[4:5] == "-" and value[7:8] == "-":
            return _iso(value, column)
        number = int(value) if value.isdecimal() and len(value) < 21 else _number(value.strip())
        return _epoch(number, column, unit) if number is not None else _iso(value.strip(), column)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _epoch(value, column, unit)
    raise BadRow(column, "no time" if value is None else "time is neither text nor number")


_UNITS = {"s": 10**6, "ms": 10**3, "us": 1}


def _epoch(number: float, column: str, unit: str) -> int:
    if not math.isfinite(number) or number <= 0 or number > 1e20:
        raise BadRow(column, "time is out of range")
    if not unit:
        unit = "s" if number < 1e11 else "ms" if number < 1e14 else "us" if number < 1e17 else "ns"
    return int(number) // 1000 if unit == "ns" else round(number * _UNITS[unit])


def _iso(value: str, column: str) -> int:
    if not value:
        raise BadRow(column, "no time")
    try:
        return _micros(datetime.fromisoformat(value.removesuffix(" UTC")))
    except (ValueError, OverflowError):
        raise BadRow(column, "time is not ISO 8601 and no epoch") from None


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NAIVE_EPOCH = datetime(1970, 1, 1)  # a time without a zone is UTC, as every format here writes it


def _micros(value: datetime) -> int:
    try:
        delta = value - (_NAIVE_EPOCH if value.tzinfo is None else _EPOCH)
    except OverflowError:
        raise BadRow("time", "time is out of range") from None
    return (delta.days * 86_400 + delta.seconds) * 10**6 + delta.microseconds


def span_ms(start: Any, end: Any) -> int | None:
    """Return milliseconds between two times; None if either cannot be read or the end is before the start."""
    try:
        gap = moment(end) - moment(start)
    except BadRow:
        return None
    return gap // 1000 if gap >= 0 else None


def dig(row: Any, path: str) -> Any:
    """Return the value at a dotted path; None where there is none.

    A key that itself holds dots wins. JSON strings on the way are unpacked.
    """
    if isinstance(row, dict) and path in row:
        return row[path]
    head, _, rest = path.partition(".")
    value = row.get(head) if isinstance(row, dict) else None
    return dig(inner(value), rest) if rest and value is not None else value if not rest else None


def first(row: Row, *paths: str) -> Any:
    """Return the first value present among several paths; None if none is."""
    for path in paths:
        value = row.get(path)
        if value is None and "." in path:
            value = dig(row, path)
        if not absent(value):
            return value
    return None


def first_text(row: Row, *paths: str) -> str | None:
    """Return the first id or header among several paths. An object or a placeholder hides no later one."""
    for path in paths:
        value = row.get(path)
        if value is None and "." in path:
            value = dig(row, path)
        if (found := text(value)) is not None:
            return found
    return None


def mapping_of(value: Any) -> Row:
    """Return a value as an object, unpacked if it is JSON text; empty if it is no object."""
    value = inner(value)
    return value if isinstance(value, dict) else {}
