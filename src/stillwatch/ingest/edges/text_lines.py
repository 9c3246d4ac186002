"""Text lines of an edge's log as rows: a known form, the fields of a W3C header, or a form of the mapping."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from re import Pattern
from typing import Any
from urllib.parse import unquote

from stillwatch.ingest.edges import EDGES
from stillwatch.ingest.edges.line_format import pattern_of
from stillwatch.ingest.files.lines import lines
from stillwatch.ingest.files.place import Place
from stillwatch.ingest.files.streams import utf8
from stillwatch.ingest.quarantine import BadRow
from stillwatch.ingest.values import Row
from stillwatch.settings import IngestSettings

Parse = Callable[[str], Row | BadRow | None]
TRIED = 20
"""Lines that are tried to find the form of a file."""
FIELDS = re.compile(r"#\s?Fields:\s*(.+)", re.IGNORECASE)


def text_rows(
    path: Place, compression: str, settings: IngestSettings, form: str = ""
) -> Iterator[tuple[int, Row | BadRow]] | None:
    """Return the rows of a file of text lines; None if it is a file of another kind.

    form: the form of its lines, as the operator's log_format; empty: found.
    """
    if form:
        parse: Parse | None = _parser([pattern_of(form)])
    elif _is_json(path, compression):
        parse = None
    else:
        parse = _found(_head(path, compression, settings))
    return None if parse is None else _rows(path, compression, settings, parse)


def _is_json(path: Place, compression: str) -> bool:
    try:
        head = next(utf8(path, compression), b"").lstrip()
    except BadRow:
        return False
    # Envoy's lines begin with a time in brackets.
    return head[:1] == b"{" or (head[:1] == b"[" and not head[1:2].isdigit())


def _head(path: Place, compression: str, settings: IngestSettings) -> list[str]:
    found: list[str] = []
    for _, line in lines(utf8(path, compression), settings.max_row_bytes):
        if isinstance(line, bytes):
            found.append(line.decode("utf-8", "replace").rstrip("\r"))
        if len(found) == TRIED:
            break
    return found


def _found(head: list[str]) -> Parse | None:
    if any(FIELDS.match(line) for line in head if line.startswith("#")):
        return _W3c()
    patterns = [pattern for edge in EDGES for pattern in edge.lines]
    fitting = [pattern for pattern in patterns if any(pattern.fullmatch(line) for line in head)]
    return _parser(fitting) if fitting else None


def _parser(patterns: list[Pattern[str]]) -> Parse:
    def parse(line: str) -> Row | BadRow | None:
        for pattern in patterns:
            if found := pattern.fullmatch(line):
                return {name: value for name, value in found.groupdict().items() if value}
        return BadRow("", "the line has another form than the others")

    return parse


class _W3c:
    """Lines below a #Fields header, which may come again with other fields."""

    def __init__(self) -> None:
        self._names: list[str] = []

    def __call__(self, line: str) -> Row | BadRow | None:
        if line.startswith("#"):
            if found := FIELDS.match(line):
                self._names = found[1].split()
            return None
        cells = line.split("\t") if "\t" in line else line.split(" ")
        if len(cells) != len(self._names):
            return BadRow("", f"row has {len(cells):,} fields, the header {len(self._names):,}")
        row: dict[str, Any] = {n: unquote(c) for n, c in zip(self._names, cells, strict=True) if c != "-"}
        if "time" in row and "date" in row:
            row["time"] = f"{row.pop('date')} {row['time']}"
        return row


def _rows(
    path: Place, compression: str, settings: IngestSettings, parse: Parse
) -> Iterator[tuple[int, Row | BadRow]]:
    for number, line in lines(utf8(path, compression), settings.max_row_bytes):
        row = line if isinstance(line, BadRow) else parse(line.decode("utf-8", "replace").rstrip("\r"))
        if row is not None:
            yield number, row
