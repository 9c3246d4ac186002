"""Single values of a log: times, counts, ids, JSON. Errors do not show the value."""

from __future__ import annotations

import ast
import json
import math
import warnings
from datetime import datetime
from decimal import Decimal
from typing import Any

import orjson

from stillwatch.absent import LONGEST_ID as LONGEST_ID
from stillwatch.absent import absent as absent
from stillwatch.ingest.cut import DEEPEST, shallow
from stillwatch.ingest.notes import note
from stillwatch.ingest.quarantine import BadRow
from stillwatch.ingest.times import PLAIN, TimeRules, text_micros

Row = dict[str, Any]
UNUSABLE = -1
"""Represents a count that cannot be used; it is dropped and counted when the batch is finished."""
LARGEST = 2**62
MICRO = 1_000_000
"""Parts of a dollar in which amounts are counted."""
TOO_DEEP = "nested too deeply: what is deeper is left out"
LONGEST_LITERAL = 2**18
MOST_BRACKETS = 2000
"""Bounds on Python's writing of a value: its parser takes time and stack for what it reads."""


def loads(data: bytes | str, column: str = "") -> Any:
    """Parse a JSON value. Raises BadRow.

    Lone surrogates and bytes that are no UTF-8 become U+FFFD, NaN becomes null, and what is nested too deeply
    is left out: clients send all of them.
    """
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError as error:
        return _lenient(data, error, column)


def _lenient(data: bytes | str, error: orjson.JSONDecodeError, column: str) -> Any:
    if "ecursion" in error.msg:
        return _cut_off(data, column)
    try:
        value = json.loads(_decoded(data, column), parse_constant=_nothing, parse_int=_big_int, strict=False)
        return _scrub(value)
    except json.JSONDecodeError as fault:
        raise BadRow(column, f"not valid JSON: {fault.msg.split(':')[0].lower()}") from None
    except RecursionError:
        return _cut_off(data, column)


def _decoded(data: bytes | str, column: str) -> str:
    if isinstance(data, str):
        return data
    try:
        return bytes(data).decode("utf-8")
    except UnicodeDecodeError:
        note(column, "not valid UTF-8: the bytes at fault are replaced")
        return bytes(data).decode("utf-8", "replace")


def _cut_off(data: bytes | str, column: str) -> Any:
    """Parse a text without what is nested too deeply."""
    given = data.encode("utf-8", "surrogatepass") if isinstance(data, str) else bytes(data)
    less = shallow(given)
    if less == given:
        raise BadRow(column, "JSON nested too deeply")
    note(column, TOO_DEEP)
    return loads(less, column)


def _nothing(_constant: str) -> None:
    return None


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

    Levels below DEEPEST are left out, and what JSON cannot hold becomes text; both are noted. Never raises.
    """
    if value is None or value == [] or value == {} or value == "":
        return None
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS).decode()
    except (orjson.JSONEncodeError, RecursionError):
        note(column, "nested too deeply, or holding what JSON cannot: cut")
        return json.dumps(_pruned(value, DEEPEST), sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def _pruned(value: Any, levels: int) -> Any:
    """Return what JSON can hold of a value."""
    if isinstance(value, dict):
        pairs = ((_scrub(str(name)), item) for name, item in value.items())
        return {name: _pruned(item, levels - 1) for name, item in pairs} if levels else "[deeper]"
    if isinstance(value, list | tuple):
        return [_pruned(item, levels - 1) for item in value] if levels else "[deeper]"
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _scrub(value)
    if isinstance(value, int) and -LARGEST < value < LARGEST:
        return value
    return str(value) if not isinstance(value, int) else "[large number]"


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
    return joined[-LONGEST_ID:] if isinstance(joined, str) and not absent(joined) else None


def whole(value: Any) -> int | None:
    """Return a count; None where there is none (NaN too), UNUSABLE if it is negative or no number."""
    if type(value) is int:
        return value if 0 <= value < LARGEST else (UNUSABLE if value < 0 else LARGEST)
    if absent(value) or value != value:
        return None
    if isinstance(value, str):
        value = _number(value)
    if isinstance(value, Decimal):
        value = float(value)
    if isinstance(value, float | int) and not isinstance(value, bool) and math.isfinite(value) and value >= 0:
        return min(int(value), LARGEST)
    return UNUSABLE


def micro_dollars(value: Any, unit: float = 1.0) -> int | None:
    """Return an amount as whole micro-dollars; unit: what one of the log's is in US dollars.

    None where there is none (NaN too), UNUSABLE if it is negative or no number. Whole numbers have the same
    sum on every engine, in every order.
    """
    if isinstance(value, str) and not absent(value):
        value = _number(value.strip())
        value = UNUSABLE if value is None else value
    if absent(value) or value != value:
        return None
    if isinstance(value, Decimal):
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, float | int) or not 0 <= value < LARGEST:
        return UNUSABLE
    return min(round(value * unit * MICRO), LARGEST)


def _number(digits: str) -> float | None:
    try:
        return float(digits) if len(digits) < 64 else None
    except ValueError:
        return None


def moment(value: Any, column: str = "time", unit: str = "", rules: TimeRules = PLAIN) -> int:
    """Return a time as microseconds since 1970, UTC. Raises BadRow.

    Takes written times (`times.text_micros`), datetimes and epochs (s, ms, us, ns by size).
    """
    if isinstance(value, datetime):
        return rules.micros(value, column=column)
    if isinstance(value, str):
        if rules.form and not unit and (told := _formed(value, column, rules)) is not None:
            return told
        if value[4:5] == "-" and value[7:8] == "-":
            return _iso(value, column, rules)
        number = int(value) if value.isdecimal() and len(value) < 21 else _decimal(value.strip())
        return (
            _epoch(number, column, unit, rules) if number is not None else text_micros(value, column, rules)
        )
    if isinstance(value, int | float) and not isinstance(value, bool):
        if rules.form and not unit and (told := _formed(str(value), column, rules)) is not None:
            return told
        return _epoch(value, column, unit, rules)
    raise BadRow(column, "no time" if value is None else "time is neither text nor number")


_UNITS = {"s": 10**6, "ms": 10**3, "us": 1}
_DIGITS = {8: "%Y%m%d", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}
_SERIAL = 10**8
"""Epochs before 1973 are no times of a request or an account, but the day numbers of spreadsheets."""


def _formed(value: str, column: str, rules: TimeRules) -> int | None:
    """Read a time in the form that was set; None if it has another."""
    try:
        return rules.micros(datetime.strptime(value.strip(), rules.form), column=column)
    except ValueError:
        return None


def _epoch(number: float, column: str, unit: str, rules: TimeRules) -> int:
    if not math.isfinite(number) or number <= 0 or number > 1e20:
        raise BadRow(column, "time is out of range")
    if not unit:
        if (told := _calendar(number, column, rules)) is not None:
            return told
        if number < _SERIAL:
            raise BadRow(
                column,
                "the time is a small number, as spreadsheets number days: export it as text, or name the "
                "unit of an epoch in a mapping",
            )
        unit = "s" if number < 1e11 else "ms" if number < 1e14 else "us" if number < 1e17 else "ns"
    return int(number) // 1000 if unit == "ns" else round(number * _UNITS[unit])


def _calendar(number: float, column: str, rules: TimeRules) -> int | None:
    """Read a number whose digits are a date, as 20260201120000: as an epoch its year would be far off."""
    if isinstance(number, float) and not number.is_integer():
        return None
    digits = str(int(number))
    form = _DIGITS.get(len(digits))
    if form is None or digits[:2] not in ("19", "20"):
        return None
    try:
        return rules.micros(datetime.strptime(digits, form), column=column)
    except ValueError:
        return None


def _iso(value: str, column: str, rules: TimeRules) -> int:
    try:
        return rules.micros(datetime.fromisoformat(value), column=column)
    except (ValueError, OverflowError):
        return text_micros(value, column, rules)


def _decimal(digits: str) -> float | None:
    return _number(digits) if "e" not in digits and "E" not in digits else None


def span_ms(start: Any, end: Any, rules: TimeRules = PLAIN) -> int | None:
    """Return milliseconds between two times; None if either cannot be read or the end is before the start."""
    try:
        gap = moment(end, rules=rules) - moment(start, rules=rules)
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
