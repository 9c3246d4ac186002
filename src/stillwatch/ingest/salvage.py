"""A row that a format could not read, read without the field at fault."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar

import orjson

from stillwatch.ingest.quarantine import BadRow
from stillwatch.ingest.values import Row, inner

MOST = 64
"""Fields of one object that are tried."""
TRIES = 100
"""Times that one row is read again at most."""
OF_A_FILE = 50_000
"""Times that rows of one file are read again, those of up to HEAVY bytes."""
HEAVY = 2**14
"""Bytes of a row from which reading it again counts for more."""
ODD = 64
"""What reading a row counts for whose size cannot be told."""
Found = TypeVar("Found")


@dataclass
class Tries:
    """How often rows may still be read again: clients could fill a log with rows that take long."""

    of_file: int = OF_A_FILE
    """Tries left of the file."""
    of_row: int = 0
    """Tries left of the row."""
    each: int = 1
    """What a try of the row counts for."""

    def begin(self, row: Row) -> None:
        """Begin with another row."""
        self.of_row, self.each = TRIES, _weight(row)

    def take(self) -> bool:
        """Take one try; return whether there was one."""
        if self.of_row <= 0 or self.of_file <= 0:
            return False
        self.of_row -= 1
        self.of_file -= self.each
        return True


def without_fault(
    read: Callable[[Row], Found], row: Row, faults: tuple[type[Exception], ...], tries: Tries
) -> Found:
    """Return what `read` makes of the row without one field, or else without all that are no single values.

    read: raises BadRow or one of `faults` for a row that cannot be read. Where a field is at fault that holds
    others, as few of them as can be are left out. Raises BadRow where nothing helps. When there are no tries
    left, only the single values are read.
    """
    tries.begin(row)

    def found(choices: Iterator[Row]) -> list[Found]:
        for less in choices:
            if not tries.take():
                break
            try:
                return [read(less)]
            except BadRow:
                continue
            except faults:
                continue
        return []

    for name in islice(row, MOST):
        if whole := found(iter((_without(row, name),))):
            return (found(_parts(row, name)) or whole)[0]
    for name in islice(row, MOST):
        if part := found(_parts(row, name)):
            return part[0]
    try:
        return read(_flat(row))
    except BadRow:
        pass
    except faults:
        pass
    raise BadRow("", "a field has a shape the format does not know")


def _parts(row: Row, name: str) -> Iterator[Row]:
    """Return the row without each part of one field."""
    opened = inner(row[name])
    if isinstance(opened, dict):
        for part in islice(opened, MOST):
            yield {**row, name: _without(opened, part)}


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


def _weight(row: Row) -> int:
    try:
        return 1 + len(orjson.dumps(row, default=str, option=orjson.OPT_NON_STR_KEYS)) // HEAVY
    except (TypeError, RecursionError):
        return ODD
