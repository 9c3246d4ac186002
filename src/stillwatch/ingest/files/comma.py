"""Rows of a CSV file."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable, Iterator

from stillwatch.ingest.files.lines import lines
from stillwatch.ingest.quarantine import BadRow
from stillwatch.ingest.values import Row


def csv_rows(pieces: Iterable[bytes], longest: int) -> Iterator[tuple[int, Row | BadRow]]:
    """Rows by column name, numbered from 1 below the header; empty fields are left out."""
    csv.field_size_limit(min(longest, sys.maxsize, 2**31 - 1))
    faults: list[BadRow] = []
    texts = _texts(pieces, longest, faults)
    reader = csv.reader(texts, strict=False, delimiter=_delimiter(texts_head := next(texts, "")))
    header = next(csv.reader([texts_head], delimiter=_delimiter(texts_head)), [])
    names = [name.strip() for name in header]
    number = 0
    while True:
        number += 1
        try:
            cells = next(reader)
        except StopIteration:
            break
        except csv.Error:
            yield number, BadRow("", "not readable as CSV: a field is too long or a quote is not closed")
            continue
        while faults:
            yield number, faults.pop()
        yield number, _row(names, cells)
    for fault in faults:
        yield number, fault


def _texts(pieces: Iterable[bytes], longest: int, faults: list[BadRow]) -> Iterator[str]:
    for _, line in lines(pieces, longest):
        if isinstance(line, BadRow):
            faults.append(line)
        else:
            yield line.decode("utf-8", "surrogateescape") + "\n"


def _delimiter(header: str) -> str:
    return max(",;\t", key=header.count)


def _row(names: list[str], cells: list[str]) -> Row | BadRow:
    if len(cells) != len(names):
        return BadRow("", f"row has {len(cells):,} fields, the header {len(names):,}")
    row = {name: cell for name, cell in zip(names, cells, strict=True) if cell}
    for name, cell in row.items():
        if not cell.isascii() and any("\udc80" <= c <= "\udcff" for c in cell):
            return BadRow(name, "not valid UTF-8")
    return row
