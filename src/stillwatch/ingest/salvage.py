"""A row that a format could not read, read without the field at fault."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any, TypeVar

from stillwatch.ingest.quarantine import BadRow
from stillwatch.ingest.values import Row, inner

MOST = 64
"""Fields of one object that are tried."""
Found = TypeVar("Found")


def without_fault(read: Callable[[Row], Found], row: Row, faults: tuple[type[Exception], ...]) -> Found:
    """Return what `read` makes of the row without one field, or else without all that are no single values.

    read: raises BadRow or one of `faults` for a row that cannot be read. A field inside another is tried
    before the whole of it, so that the least is lost. Raises BadRow where nothing helps.
    """
    for less in [*islice(_lesser(row), MOST * MOST), _flat(row)]:
        try:
            return read(less)
        except BadRow:
            continue
        except faults:
            continue
    raise BadRow("", "a field has a shape the format does not know")


def _lesser(row: Row) -> Iterator[Row]:
    for name, value in islice(row.items(), MOST):
        opened = inner(value)
        if isinstance(opened, dict):
            for part in islice(opened, MOST):
                yield {**row, name: _without(opened, part)}
    for name in islice(row, MOST):
        yield _without(row, name)


def _without(row: Row, name: str) -> Row:
    return {other: value for other, value in row.items() if other != name}


def _flat(row: Row) -> Row:
    """The single values of a row, and those inside its objects."""
    kept: dict[str, Any] = {}
    for name, value in row.items():
        opened = inner(value)
        if isinstance(opened, dict):
            kept[name] = {n: v for n, v in opened.items() if not isinstance(v, dict | list)}
        elif not isinstance(opened, list):
            kept[name] = value
    return kept
