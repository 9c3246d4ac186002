"""TOML files of people, read and checked in one place: size, text, syntax, depth, numbers, times, known
names.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from stillwatch.errors import SettingError, StillwatchError
from stillwatch.small_file import read_small

LARGEST = 8 * 2**20
"""Bytes of a TOML file; a permit that names a hundred thousand accounts has half of it."""
DEEPEST = 32
"""Arrays and tables inside each other."""
EARLIEST, LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)
"""Times that are taken, in UTC; others cannot be computed with."""
KEY = re.compile(r"^\s*([A-Za-z_0-9-]+)\s*(?:\.[^=]*)?=")
"""A key, or the first part of a dotted one."""
DOTTED = re.compile(
    r"""(?<![A-Za-z0-9_-])(?:(?:[A-Za-z0-9_-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+){100}"""
)
"""A key of so many parts; the parser's work grows with the square of their number."""
Document = dict[str, Any]


def read_toml(path: Path, what: str, *, option: str, error: type[StillwatchError] = SettingError) -> Document:
    """The document of a file. what: the file in a message, as "permits file"; option: where its path was
    given.

    Raises `error`, with the line where there is one, for a file that cannot be read, is larger than LARGEST,
    is not UTF-8 or not TOML, is nested deeper than DEEPEST, or holds a number or a time that cannot be
    computed with.
    """
    data = read_small(path, LARGEST, what=what, error=error, do=f"check the path given to {option}")
    return parse_toml(text_of(data, what, str(path), error), what, where=str(path), error=error)


def text_of(data: bytes, what: str, where: str, error: type[StillwatchError] = SettingError) -> str:
    """The bytes of a file as text, without a byte order mark. Raises `error` with the place that is no
    UTF-8.
    """
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        line = data.count(b"\n", 0, fault.start) + 1
        at = fault.start - (data.rfind(b"\n", 0, fault.start) + 1) + 1
        raise error(
            f"the {what} is not TOML: byte {at} of the line is not UTF-8 text",
            where=f"{where}, line {line}",
            do="save it as UTF-8",
        ) from fault


def parse_toml(text: str, what: str, *, where: str, error: type[StillwatchError] = SettingError) -> Document:
    """The document of a text. Raises `error` as `read_toml` does."""
    try:
        if DOTTED.search(text):
            raise RecursionError
        document = tomllib.loads(text)
    except RecursionError:
        raise _too_deep(what, where, error) from None
    except tomllib.TOMLDecodeError as fault:
        raise _not_toml(fault, text, what, where, error) from fault
    except ValueError as fault:  # a number with thousands of digits
        raise error(
            f"the {what} holds a number that is too large", where=where, do="write a number below 2**63"
        ) from fault
    _usable(document, what, where, error)
    return document


def _too_deep(what: str, where: str, error: type[StillwatchError]) -> StillwatchError:
    return error(
        f"the {what} has arrays or tables more than {DEEPEST} deep in each other",
        where=where,
        do="write it flat; no key needs more than three levels",
    )


def _not_toml(
    fault: tomllib.TOMLDecodeError, text: str, what: str, where: str, error: type[StillwatchError]
) -> StillwatchError:
    """Names the line where the parser gave up, and the key there: of a key that is given twice the parser
    tells the place only.
    """
    place = re.search(r"at line (\d+)", str(fault))
    lines = text.splitlines() or [""]
    number = int(place[1]) if place else len(lines)
    key = KEY.match(lines[min(number, len(lines)) - 1])
    at = f" at the key {key[1]}" if key else ""
    return error(
        f"the {what} is not TOML{at}: {fault}",
        where=f"{where}, line {number}",
        do="mend that line; a key may stand once in its section",
    )


def _usable(document: Document, what: str, where: str, error: type[StillwatchError]) -> None:
    """Raise `error` for values that nothing here can compute with; without recursion, since depth is
    checked.
    """
    waiting: list[tuple[str, Any, int]] = [(key, value, 1) for key, value in document.items()]
    while waiting:
        key, value, depth = waiting.pop()
        if depth > DEEPEST:
            raise _too_deep(what, where, error)
        if isinstance(value, dict):
            waiting.extend((inner, item, depth + 1) for inner, item in value.items())
        elif isinstance(value, list):
            waiting.extend((key, item, depth + 1) for item in value)
        elif isinstance(value, int) and not -(2**63) <= value < 2**63:
            raise error(
                f"{key} in the {what} is too large: 64 bits cannot hold it",
                where=where,
                do="write a number below 2**63",
            )
        elif isinstance(value, datetime):
            utc(value, key, where, error)


def utc(value: datetime, key: str, where: str, error: type[StillwatchError] = SettingError) -> datetime:
    """A time in UTC, which one without a zone is taken to be. Raises `error` outside EARLIEST to LATEST."""
    try:
        time = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
        if EARLIEST <= time <= LATEST:
            return time
    except OverflowError:
        pass
    raise error(
        f"{key} is a time outside the years 1970 to 9999 (UTC)",
        where=where,
        do=f"write {key} = 2026-12-31T00:00:00Z",
    )


def known(
    found: Iterable[str],
    names: Iterable[str],
    what: str,
    *,
    where: str,
    error: type[StillwatchError] = SettingError,
) -> None:
    """Raise `error` for the first name that is not among the known ones, with the nearest of them.

    what: the beginning of the message, as "there is no setting [{}]"; braces stand for the name.
    """
    there = sorted(names)
    for name in found:
        if name not in there:
            raise error(what.format(shown(name)), where=where, do=nearest(name, there))


def nearest(name: str, names: Iterable[str]) -> str:
    """What to do about an unknown name."""
    there = sorted(names)
    near = difflib.get_close_matches(name, there, n=1)
    return f"did you mean {near[0]}?" if near else f"known: {', '.join(there)}"


def shown(value: Any) -> str:
    """A value in a message: short, and a text without quotes."""
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= 80 else text[:79] + "…"


def sections(
    document: Mapping[str, Any],
    name: str,
    what: str,
    *,
    where: str,
    error: type[StillwatchError] = SettingError,
) -> list[dict[str, Any]]:
    """The [[name]] sections of a document that has no others. Raises `error` for anything else."""
    for key in document:
        if key != name:
            raise error(
                f"the {what} has an unknown section {shown(key)}",
                where=where,
                do=f"write each entry under [[{name}]], on a line of its own",
            )
    rows = document.get(name, [])
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise error(
            f"{name} is not a list of sections",
            where=where,
            do=f"begin each with [[{name}]] on a line of its own",
        )
    return rows
