"""The first rows of a file, from which its format is detected."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
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

    def has(self, *names: str) -> bool:
        """Return whether all fields are there."""
        return self.columns.issuperset(names)

    def share(self, names: Iterable[str]) -> float:
        """Return the share of the names that are there."""
        wanted = set(names)
        return len(wanted & self.columns) / len(wanted)
