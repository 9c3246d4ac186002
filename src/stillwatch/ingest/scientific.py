"""Ids that a spreadsheet has turned into numbers: 1.23457E+14 stands for many."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute

pc: Any = pyarrow.compute
FORM = r"^[+-]?\d([.,]\d+)?E\+\d{2,3}$"
LARGE = 1e11
"""Spreadsheets show larger numbers in scientific notation."""
DIGITS = 7
"""Digits that are left of them at most."""


def scientific(column: Any) -> int:
    """Return how many values of a column are in scientific notation, or were before they became numbers."""
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        return pc.sum(pc.match_substring_regex(column, FORM)).as_py() or 0
    if pa.types.is_floating(column.type):
        return sum(map(_rounded, column.drop_null().to_pylist()))
    return 0


def _rounded(value: float) -> bool:
    return abs(value) >= LARGE and float(f"{value:.{DIGITS - 1}e}") == value


def mostly_scientific(column: Any) -> bool:
    """Return whether more than half of the values are. A single one may be somebody's own choice."""
    given = len(column) - int(column.null_count)
    return scientific(column) * 2 > given
