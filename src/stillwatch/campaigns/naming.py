"""How keys are shown to an analyst: by their label, or by what the facet says of the value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stillwatch.registry import FACETS
from stillwatch.schema.table import distinct_values, rows_where

Labels = Mapping[tuple[str, int], str]
"""(kind, key) -> label."""


class LabelBook(Labels):
    """Table labels, looked up by kind and key; the smallest label where a key has several.

    Few of a log's labels are ever shown, and every address has one: a dictionary of them would take more
    memory than the search.
    """

    def __init__(self, table: pa.Table) -> None:
        """table: kind, key, label, in any order."""
        self._kinds = {
            kind: _sorted(rows_where(table, "kind", kind)) for kind in distinct_values(table, "kind")
        }

    def __getitem__(self, place: tuple[str, int]) -> str:
        kind, key = place
        keys, labels = self._kinds.get(kind, (_NONE, None))
        first, end = (int(np.searchsorted(keys, key, side)) for side in ("left", "right"))
        if labels is None or first == end:
            raise KeyError(place)
        return str(min(labels[first:end].to_pylist()))

    def __iter__(self) -> Iterator[tuple[str, int]]:
        return ((kind, int(key)) for kind, (keys, _) in self._kinds.items() for key in np.unique(keys))

    def __len__(self) -> int:
        return sum(len(np.unique(keys)) for keys, _ in self._kinds.values())


_NONE: npt.NDArray[np.int64] = np.zeros(0, np.int64)


def _sorted(rows: pa.Table) -> tuple[npt.NDArray[np.int64], Any]:
    """Keys in order, and their labels."""
    keys = rows.column("key").to_numpy()
    order = np.argsort(keys, kind="stable")
    return keys[order], rows.column("label").cast(pa.large_string()).combine_chunks().take(order)


def labels_of(*tables: pa.Table) -> Labels:
    """The labels of all tables (kind, key, label) in one book."""
    return LabelBook(pa.concat_tables([table.select(["kind", "key", "label"]) for table in tables]))


def shown(facet: str, value: int, labels: Labels) -> str:
    """A trace's value in words; a short hash where nothing may be said."""
    known = FACETS.all()[facet]
    if known.label and (known.label, value) in labels:
        return labels[known.label, value]
    if known.show is not None:
        return known.show(value)
    return f"{facet} {value & (2**64 - 1):016x}"[: len(facet) + 9]
