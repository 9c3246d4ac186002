"""Maps and arrays as ClickHouse writes them in CSV and TSV: `{'name':'value'}`, `[{'a':'b'}]`.

Source: ClickHouse, formats CSV and TabSeparated; SerializationMap and SerializationArray.
"""

from __future__ import annotations

import re
from typing import Any

DEEPEST = 8
TOKEN = re.compile(r"\s*(?:'((?:[^'\\]++|\\.)*+)'|([{}\[\]():,])|([^\s'{}\[\](),:]+))", re.DOTALL)
ESCAPE = re.compile(r"\\(x[0-9A-Fa-f]{2}|.)", re.DOTALL)
LETTERS = {
    "n": "\n",
    "t": "\t",
    "r": "\r",
    "b": "\b",
    "f": "\f",
    "0": "\0",
    "a": "\a",
    "v": "\v",
    "e": "\x1b",
}
ENDS = {"{": "}", "[": "]", "(": ")"}


class _Unreadable(Exception):
    """The text is no such value."""


def clickhouse_value(text: str) -> Any:
    """Return the value of a text that begins with a bracket and a quote, of any length; else the text itself.

    TSV escapes the quotes once more: `{\\'name\\':\\'value\\'}`. Work grows with the length only.
    """
    if text.startswith(("{\\'", "[\\'", "[{\\'")):
        text = _plain(text)
    if not text.startswith(("{'", "['", "[{'", "{}", "[]", "[{}")):
        return text
    try:
        value, at = _value(text, 0, 0)
    except _Unreadable:
        return text
    return value if not text[at:].strip() else text


def _value(text: str, at: int, depth: int) -> tuple[Any, int]:
    quoted, mark, bare, at = _token(text, at)
    if quoted is not None:
        return _plain(quoted), at
    if bare is not None:
        return None if bare == "NULL" else bare, at
    if mark not in ENDS or depth == DEEPEST:
        raise _Unreadable
    return _map(text, at, depth) if mark == "{" else _list(text, at, depth, ENDS[mark])


def _map(text: str, at: int, depth: int) -> tuple[dict[str, Any], int]:
    found: dict[str, Any] = {}
    _, mark, _, after = _token(text, at)
    while mark != "}":
        name, at = _value(text, at, depth + 1)
        _, mark, _, at = _token(text, at)
        if mark != ":" or not isinstance(name, str):
            raise _Unreadable
        found[name], at = _value(text, at, depth + 1)
        _, mark, _, after = _token(text, at)
        if mark not in (",", "}"):
            raise _Unreadable
        at = after
    return found, after


def _list(text: str, at: int, depth: int, end: str) -> tuple[list[Any], int]:
    found: list[Any] = []
    _, mark, _, after = _token(text, at)
    while mark != end:
        value, at = _value(text, at, depth + 1)
        found.append(value)
        _, mark, _, after = _token(text, at)
        if mark not in (",", end):
            raise _Unreadable
        at = after
    return found, after


def _token(text: str, at: int) -> tuple[str | None, str | None, str | None, int]:
    """Return what stands at a place: a quoted text, a mark, or a bare word; and the place after it."""
    found = TOKEN.match(text, at)
    if found is None:
        raise _Unreadable
    return found[1], found[2], found[3], found.end()


def _plain(quoted: str) -> str:
    return ESCAPE.sub(_unescaped, quoted) if "\\" in quoted else quoted


def _unescaped(found: re.Match[str]) -> str:
    mark = found[1]
    return chr(int(mark[1:], 16)) if len(mark) == 3 else LETTERS.get(mark, mark)
