"""Which columns of a file a format reads from, found by leaving each out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from stillwatch.ingest.quarantine import BadRow
from stillwatch.ingest.request import Context
from stillwatch.ingest.values import Row, absent
from stillwatch.registry import Format

MOST = 200
"""Columns of a row that are tried."""


@dataclass(frozen=True)
class ColumnsUsed:
    """The columns of a file, by what was made of them in its first rows."""

    used: tuple[str, ...] = ()
    """Without one of these a row would be read differently."""
    ignored: tuple[str, ...] = ()
    """These change nothing: the format does not know them, or takes others before them."""


NOT_LOOKED_AT = ColumnsUsed()
"""For an empty file."""


def columns_used(format: Format, rows: Sequence[Row], context: Context) -> ColumnsUsed:
    """Return which columns of the rows the format reads from. Never raises.

    The columns of later rows are not looked at, and of a row with very many columns only the first ones.
    """
    whole = [_told(format, row, context) for row in rows]
    names = list(dict.fromkeys(name for row in rows for name in row))[:MOST]
    used = {
        name
        for name in names
        if any(
            _told(format, {n: v for n, v in row.items() if n != name}, context) != told
            for row, told in zip(rows, whole, strict=True)
            if name in row
        )
    }
    return ColumnsUsed(
        tuple(name for name in names if name in used), tuple(name for name in names if name not in used)
    )


def _told(format: Format, row: Row, context: Context) -> list[Any]:
    """What a row gives, in a form that can be compared."""
    try:
        return [
            ("bad", found.column, found.reason) if isinstance(found, BadRow) else found
            for found in format.read(row, context)
        ]
    except BadRow as bad:
        return ["bad", bad.column, bad.reason]
    except Exception as error:
        return [type(error).__name__]


class ColumnsOnce:
    """Looks once at files that hold values in the same columns, of which a folder may hold thousands.

    The first file of a shape answers for all: give the files in an order that does not depend on how they
    were named.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[str, frozenset[str]], ColumnsUsed] = {}

    def __call__(self, format: Format, rows: Sequence[Row], context: Context) -> ColumnsUsed:
        """Return the columns used of a file by its first rows. context: the same for all files."""
        shape = (
            format.name,
            frozenset(name for row in rows for name, value in row.items() if not absent(value)),
        )
        if shape not in self._known:
            self._known[shape] = columns_used(format, rows, context)
        return self._known[shape]
