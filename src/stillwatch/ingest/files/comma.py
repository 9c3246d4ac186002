"""Rows of a CSV file."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable, Iterator

from stillwatch.ingest.files.lines import lines
from stillwatch.ingest.quarantine import BadRow
from stillwatch.ingest.values import Row


def csv_rows(pieces: Iterable[bytes], longest: int) -> Iterator[tuple[int, Row | BadRow]]:
    """Return rows by column name, numbered from 1 below the header; empty fields are left out."""
    csv.field_size_limit(min(longest, sys.maxsize, 2**31 - 1))
    faults: list[BadRow] = []
    texts = _texts(pieces, longest, faults)
    header = next(texts, "")
    delimiter = max(",;\t", key=header.count)
    try:
        names = [name.strip() for name in next(csv.reader([header], delimiter=delimiter), [])]
    except csv.Error:
        yield 1, BadRow("", "the header is not readable as CSV")
        return
    # Strict, since otherwise a quote that is never closed would make one valid-looking row of the rest of the
    # file.
    reader = csv.reader(texts, strict=True, delimiter=delimiter)
    number = 0
    while True:
        number += 1
        before = reader.line_num
        try:
            row = _row(names, next(reader))
        except StopIteration:
            break
        except csv.Error:
            row = BadRow(
                "", "not readable as CSV: a quote is not closed or not doubled, or a field is too long"
            )
        if isinstance(row, BadRow):
            row.lost = max(1, reader.line_num - before)
        yield from ((number, fault) for fault in faults)
        faults.clear()
        yield number, row
    yield from ((number, fault) for fault in faults)


def _texts(pieces: Iterable[bytes], longest: int, faults: list[BadRow]) -> Iterator[str]:
    for _, line in lines(pieces, longest):
        if isinstance(line, BadRow):
            faults.append(line)
        else:
            yield line.decode("utf-8", "surrogateescape") + "\n"


def _row(names: list[str], cells: list[str]) -> Row | BadRow:
    if len(cells) != len(names):
        return BadRow("", f"row has {len(cells):,} fields, the header {len(names):,}")
    row = {name: cell for name, cell in zip(names, cells, strict=True) if cell}
    for name, cell in row.items():
        if not cell.isascii() and any("\udc80" <= c <= "\udcff" for c in cell):
            return BadRow(name, "not valid UTF-8")
    return row
