"""Indicators as CSV (RFC 4180), safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from typing import Any

from stillwatch.errors import IntelError
from stillwatch.intel.forms.carried import Object, Taken, Written, differences
from stillwatch.intel.forms.frame import without_frame
from stillwatch.intel.forms.row import COLUMNS, Row
from stillwatch.intel.forms.rows import Line, rows_of, taken
from stillwatch.intel.forms.things import more_of
from stillwatch.intel.forms.unrow import NoRow, no_column
from stillwatch.intel.stix.limits import DEFAULT, Limits

BEGINS_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""How a cell begins that a spreadsheet may compute; the wide forms are read as the narrow ones by some."""
QUOTE = "'"
"""Stands before such a cell, and before one that begins with itself, so that it can be taken away again."""
LONGEST_CELL = 100_000
"""Characters of a cell; what is longer, many readers cut."""
YES, NO = "true", "false"
LONGEST_READ = 131_072
"""Characters of a cell from which a quote is surely missing."""
DO = "write it as UTF-8, separated by commas, with the columns of docs/sharing-forms.md in its first line"


def write(objects: Sequence[Object]) -> Written:
    """Return the indicators of checked objects as CSV, sorted; an indicator that is too long is lost."""
    rows = [row for row in rows_of(objects) if max(map(len, _cells(row))) <= LONGEST_CELL]
    out = io.StringIO(newline="")
    lines = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    lines.writerow(COLUMNS)
    lines.writerows([_defused(cell) for cell in _cells(row)] for row in rows)
    data = out.getvalue().encode("utf-8")
    back = read(data).objects
    return Written(data, len(rows), differences(without_frame(objects), back, "a row of CSV"))


def read(data: bytes, limits: Limits = DEFAULT, where: str = "the file") -> Taken:
    """Return the objects of a CSV file; a row that cannot be used is refused, with the reason. Raises
    IntelError for what is no CSV within the limits, or lacks a column that every indicator needs.
    """
    return taken(_lines(_text(data, limits, where), limits, where), limits)


def _lines(text: str, limits: Limits, where: str) -> Iterator[Line]:
    lines = csv.reader(io.StringIO(text, newline=""), strict=True)
    names: list[str] = []
    place = -1
    while True:
        try:
            cells = next(lines, None)
        except csv.Error:
            # Where a quote is missing nobody can tell rows apart from there on.
            raise IntelError(f"line {lines.line_num} is no CSV", where=where, do=DO) from None
        if cells is None:
            break
        # The package's own limit is one of the whole process, and a reader of logs may have raised it.
        if any(len(cell) > LONGEST_READ for cell in cells):
            raise IntelError(f"line {lines.line_num} is no CSV", where=where, do=DO)
        if not names:
            names = cells
            why = no_column(names)
            if why:
                raise IntelError(f"the first line does not name the columns: {why}", where=where, do=DO)
            continue
        if not cells:
            continue
        place += 1
        if place >= limits.objects:
            yield place, f"there are more than {limits.objects} rows"
            break
        yield place, _row(names, cells, limits)
    if not names:
        raise IntelError("it is empty", where=where, do=DO)


def _row(names: list[str], cells: list[str], limits: Limits) -> Row | str:
    if len(cells) != len(names):
        return f"it has {len(cells)} cells, and there are {len(names)} columns"
    try:
        return row_from({name: _restored(cell) for name, cell in zip(names, cells, strict=True)}, limits)
    except NoRow as error:
        return str(error)


def row_from(cells: dict[str, str], limits: Limits = DEFAULT) -> Row:
    """Return a row from texts. Raises NoRow with the reason."""
    told: dict[str, Any] = dict(cells)
    told["techniques"] = tuple(cells.get("techniques", "").split())
    told["confidence"] = _number(cells.get("confidence", ""))
    told["revoked"] = _boolean(cells.get("revoked", ""))
    told["more"] = more_of(cells.get("more", ""), set(), limits)
    return Row(**told)


def cells_of(row: Row) -> dict[str, str]:
    """Return a row as texts, by column; empty where there is nothing."""
    return dict(zip(COLUMNS, _cells(row), strict=True))


def _cells(row: Row) -> list[str]:
    texts = {name: getattr(row, name) for name in COLUMNS}
    texts["techniques"] = " ".join(row.techniques)
    texts["confidence"] = "" if row.confidence is None else str(row.confidence)
    texts["revoked"] = YES if row.revoked else NO
    texts["more"] = json.dumps(row.more, sort_keys=True, ensure_ascii=True) if row.more else ""
    return list(texts.values())


def _defused(cell: str) -> str:
    return QUOTE + cell if cell.startswith((*BEGINS_FORMULA, QUOTE)) else cell


def _restored(cell: str) -> str:
    rest = cell.removeprefix(QUOTE)
    return rest if rest != cell and rest.startswith((*BEGINS_FORMULA, QUOTE)) else cell


def _text(data: bytes, limits: Limits, where: str) -> str:
    if len(data) > limits.bundle_bytes:
        what = f"it has {len(data):,} bytes, and {limits.bundle_bytes:,} are the most"
        raise IntelError(what, where=where, do="split it")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise IntelError(f"byte {error.start:,} of it is no UTF-8", where=where, do=DO) from None


def _number(cell: str) -> int | None:
    if not cell:
        return None
    if len(cell) > 3 or not (cell.isascii() and cell.isdigit()):
        raise NoRow("confidence is no whole number from 0 to 100")
    return int(cell)


def _boolean(cell: str) -> bool:
    if cell not in ("", YES, NO):
        raise NoRow("revoked is neither true nor false")
    return cell == YES
