"""Rows of a CSV file."""

from __future__ import annotations

import csv
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

from stillwatch.ingest.cut_cells import SHORT, CellCutter
from stillwatch.ingest.files.lines import lines
from stillwatch.ingest.quarantine import Aside, BadRow, Mended
from stillwatch.ingest.values import Row

DELIMITERS = ",;\t|"
SEPARATOR = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)
"""A first line by which Excel is told what separates the fields."""
FIRST = re.compile(rb"(?:[^\S\n]*\n)*([^\n]*)\n?")
HEAD = re.compile(rb'(?:[^\S\n]*\n)*(?:"?(?i:sep)=[^\n]*\n(?:[^\S\n]*\n)*)?[^\S\n]*\S[^\n]*\n')
"""Bytes that hold the whole header."""
COLUMNS = 4096
"""Fields for which there is room in a row that was cut."""
STRAY = re.compile("[\udc80-\udcff]+")
NULLS = frozenset(("NULL", "\\N"))
"""What exports of databases write, without quotes, where a row has no value."""
NAMES = re.compile(r"(?i)account|user|customer|tenant|org|team|project|key")
"""Columns in which NULL may be somebody's name."""
TWICE = "the header names an earlier column so too: the values of this one are not taken for it"
GUESSED = "not UTF-8: read as Windows-1252"
Cells = Iterator[tuple[int, Row | BadRow]]


@dataclass(frozen=True)
class Header:
    """What the first lines tell."""

    names: tuple[str, ...]
    """Names of the columns."""
    delimiter: str
    """What separates the fields."""
    before: int
    """Lines before the header."""
    twice: frozenset[str] = frozenset()
    """Names that were given a number, since an earlier column has the same."""


def header_of(first: str, second: str = "") -> Header | None:
    """Return the header that the first line is, or the second if the first names the separator only.

    None if it cannot be read.
    """
    told = SEPARATOR.fullmatch(first.strip("\r\n"))
    line = second if told else first
    unquoted = re.sub(r'"[^"]*"', "", line)
    delimiter = told[1] if told else max(DELIMITERS, key=unquoted.count)
    try:
        names = next(csv.reader([line.rstrip("\r\n")], delimiter=delimiter), [])
    except csv.Error:
        return None
    bare = [_text(name)[0].strip() for name in names]
    numbered = tuple(_numbered(bare))
    twice = frozenset(new for new, old in zip(numbered, bare, strict=True) if new != old)
    return Header(numbered, delimiter, 1 if told else 0, twice)


def _numbered(names: Iterable[str]) -> Iterator[str]:
    """Return names of which none stands twice: the second has a 2 behind it, so that it replaces nothing."""
    seen: set[str] = set()
    for name in names:
        told, number = name, 1
        while told and told in seen:
            number += 1
            told = f"{name} ({number})"
        seen.add(told)
        yield told


def csv_rows(pieces: Iterable[bytes], longest: int) -> Cells:
    """Return rows by column name, numbered from 1 below the header; empty fields are left out."""
    csv.field_size_limit(min(longest + SHORT, sys.maxsize, 2**31 - 1))
    header, rest = _opened(pieces, longest)
    if header is None:
        yield 1, BadRow("", "the header is not readable as CSV")
        return
    faults: list[BadRow] = [Mended(name, TWICE) for name in sorted(header.twice)]
    cutter = CellCutter(longest, header.delimiter)
    lines_read: list[str] = []
    texts = _kept(_texts(cutter.cut(rest), longest + SHORT * COLUMNS, faults), lines_read)
    # Strict, since otherwise a quote that is never closed would make one valid-looking row of the rest of the
    # file.
    reader = csv.reader(texts, strict=True, delimiter=header.delimiter)
    number = 0
    while True:
        before = reader.line_num
        found: Row | BadRow
        guessed: list[Mended] = []
        lines_read.clear()
        try:
            cells = next(reader)
            if not cells:
                continue
            if not NULLS.isdisjoint(cells):
                _without_nulls(header, cells, "".join(lines_read))
            found = _row(header, cells, guessed)
        except StopIteration:
            break
        except csv.Error:
            found = BadRow(
                "", "not readable as CSV: a quote is not closed or not doubled, or a field is too long"
            )
        number += 1
        if isinstance(found, BadRow) and not isinstance(found, Aside):
            found.lost = max(1, reader.line_num - before) + cutter.take_lost()
        yield from ((number, fault) for fault in (*faults, *guessed))
        faults.clear()
        yield number, found
    yield from ((number + 1, fault) for fault in faults)


def _opened(pieces: Iterable[bytes], longest: int) -> tuple[Header | None, Iterator[bytes]]:
    """Return the header, None if it cannot be read, and the bytes that follow it."""
    coming, held = iter(pieces), b""
    try:
        while len(held) <= longest and not HEAD.match(held):
            held += next(coming)
    except StopIteration:
        pass
    except BadRow as broken:
        coming = _breaking(broken)
    first, end = _line(held, 0)
    second = ""
    if SEPARATOR.fullmatch(first.strip("\r\n")):
        second, end = _line(held, end)
    return header_of(first, second), chain([held[end:]], coming)


def _line(data: bytes, start: int) -> tuple[str, int]:
    """Return the first line from `start` that is not blank, and where it ends."""
    found = FIRST.match(data, start)
    return (found[1].decode("utf-8", "surrogateescape"), found.end()) if found else ("", len(data))


def _breaking(broken: BadRow) -> Iterator[bytes]:
    """Return pieces of a file that breaks off here."""
    yield from ()
    raise broken


def _texts(pieces: Iterable[bytes], longest: int, faults: list[BadRow]) -> Iterator[str]:
    for _, line in lines(pieces, longest, blank=True):
        if isinstance(line, BadRow):
            faults.append(line)
        else:
            text = line.decode("utf-8", "surrogateescape")
            yield "\n" if text.isspace() else text + "\n"


def _kept(texts: Iterator[str], kept: list[str]) -> Iterator[str]:
    """Pass lines on, and keep those of the row that is being read."""
    for text in texts:
        kept.append(text)
        yield text


def _without_nulls(header: Header, cells: list[str], text: str) -> None:
    """Empty the cells that hold no value. Where the row has a quoted mark too, all are kept."""
    if not any(f'"{mark}"' in text for mark in NULLS):
        names = (*header.names, *[""] * len(cells))
        cells[:] = [
            "" if cell in NULLS and not NAMES.search(name) else cell
            for name, cell in zip(names, cells, strict=False)
        ]


def _row(header: Header, cells: list[str], guessed: list[Mended]) -> Row | BadRow:
    names = header.names
    if len(cells) > len(names) and not any(cells[len(names) :]):
        del cells[len(names) :]  # a separator after the last field of each row
    if len(cells) != len(names):
        return BadRow("", f"row has {len(cells):,} fields, the header {len(names):,}")
    row: Row = {}
    same = 0
    for name, cell in zip(names, cells, strict=True):
        if not cell:
            continue
        if not cell.isascii():
            cell, stray = _text(cell)
            if stray:
                guessed.append(Mended(name, GUESSED))
        same += cell.strip() == name
        row[name] = cell
    if same and same == sum(1 for name in names if name and name not in header.twice):
        return Aside("repeated headers")
    return row


def _text(cell: str) -> tuple[str, bool]:
    """Return a text whose bytes that are no UTF-8 are read as Windows-1252, and whether it had some."""
    if cell.isascii() or not STRAY.search(cell):
        return cell, False
    return STRAY.sub(lambda found: _western(found[0].encode("ascii", "surrogateescape")), cell), True


def _western(data: bytes) -> str:
    try:
        return data.decode("cp1252")
    except UnicodeDecodeError:
        return data.decode("latin-1")
