"""A table as CSV that a spreadsheet may open: no cell of it is taken for a formula."""

from __future__ import annotations

import csv
import io
from typing import Any

from stillwatch.console.shown import Column, Rows
from stillwatch.guard.moments import told

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
"""How cells begin that spreadsheets run (OWASP, CSV injection)."""


def csv_of(table: Rows) -> str:
    """Return a table as CSV (RFC 4180): its columns' names, then its rows; times as ISO 8601."""
    out = io.StringIO()
    # In quotation marks, since some spreadsheets take a semicolon for the end of a cell.
    writer = csv.writer(out, quoting=csv.QUOTE_NONNUMERIC)
    writer.writerow([_safe(column.name) for column in table.columns])
    for row in table.rows:
        writer.writerow([_cell(column, row.get(column.name)) for column in table.columns])
    return out.getvalue()


def _cell(column: Column, value: Any) -> Any:
    if value is None:
        return ""
    if column.form == "time" and isinstance(value, int | float):
        return told(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return value
    if isinstance(value, list | tuple):
        return _safe(", ".join(map(str, value)))
    return _safe(str(value))


def _safe(text: str) -> str:
    return f"'{text}" if text.startswith(FORMULA) else text
