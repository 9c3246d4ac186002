"""Ids that a spreadsheet has turned into numbers: 1.23457E+14 stands for many."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute

pc: Any = pyarrow.compute
FORM = r"^[+-]?\d([.,]\d+)?[eE]\+(1[1-9]|[2-9]\d|[1-3]\d\d)$"
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


def all_scientific(column: Any) -> bool:
    """Return whether there are values and all are: no client can bring that about among other customers."""
    given = len(column) - int(column.null_count)
    return given > 0 and scientific(column) == given


def without_scientific(column: Any) -> tuple[Any, int]:
    """Return a column of texts without those in scientific notation, and how many these were."""
    rounded = pc.fill_null(pc.match_substring_regex(column, FORM), False)
    count = int(rounded.true_count)
    return (pc.if_else(rounded, pa.scalar(None, column.type), column) if count else column), count
