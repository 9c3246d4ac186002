"""The first rows of a file, from which its format is detected."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

Row = dict[str, Any]


@dataclass(frozen=True)
class Sample:
    """What a format's `detect` may read."""

    kind: str
    """json (lines or a document), csv, text or parquet."""
    columns: frozenset[str]
    """Names of all top-level fields in the sampled rows."""
    rows: tuple[Row, ...]
    """The first readable rows."""
    why: str = ""
    """Why no row is readable, if it is one reason for several; else empty."""

    def respelled(self, names: tuple[tuple[str, str], ...]) -> Sample:
        """Return the sample with other names for some columns."""
        if not names:
            return self
        spelled = dict(names)
        rows = tuple({spelled.get(name, name): value for name, value in row.items()} for row in self.rows)
        return replace(self, columns=frozenset(spelled.get(name, name) for name in self.columns), rows=rows)

    def has(self, *names: str) -> bool:
        """Return whether all fields are there."""
        return self.columns.issuperset(names)

    def share(self, names: Iterable[str]) -> float:
        """Return the share of the names that are there."""
        wanted = set(names)
        return len(wanted & self.columns) / len(wanted)
