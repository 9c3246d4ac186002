"""The first rows of a file, by which its format is told."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

Row = dict[str, Any]


@dataclass(frozen=True)
class Sample:
    """What a format's `detect` may look at."""

    kind: str
    """json (lines or a document), csv or parquet."""
    columns: frozenset[str]
    """Names of all top-level fields in the sampled rows."""
    rows: tuple[Row, ...]
    """The first readable rows."""

    def has(self, *names: str) -> bool:
        """Whether all fields are there."""
        return self.columns.issuperset(names)

    def share(self, names: Iterable[str]) -> float:
        """Share of the names that are there."""
        wanted = set(names)
        return len(wanted & self.columns) / len(wanted)
