"""Labels of keys: which of them a run may keep, and how a key is shown to an analyst.

A run keeps the labels of keys that its rows carry. It keeps words of prompts only where enough accounts share
them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute
from ibis import _

from stillwatch.engine import Engine, Table
from stillwatch.registry import FACETS
from stillwatch.schema.stored import ACCOUNTS, EXCHANGES
from stillwatch.schema.table import distinct_values, rows_where

compute: Any = pyarrow.compute

Labels = Mapping[tuple[str, int], str]
"""(kind, key) -> label."""


class LabelBook(Labels):
    """Table labels, looked up by kind and key; the smallest label where a key has several.

    Only a few of a log's labels are ever shown, and every address has one: a dictionary of all would take
    more memory than the search.
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
    """Return the keys in order, and their labels."""
    keys = rows.column("key").to_numpy()
    order = np.argsort(keys, kind="stable")
    return keys[order], rows.column("label").cast(pa.large_string()).combine_chunks().take(order)


def labels_of(*tables: pa.Table) -> Labels:
    """Collect the labels of all tables (kind, key, label) in one book."""
    return LabelBook(pa.concat_tables([table.select(["kind", "key", "label"]) for table in tables]))


def shown(facet: str, value: int, labels: Labels) -> str:
    """Return a trace's value in words, or a short hash where no words may be shown."""
    known = FACETS.all()[facet]
    if known.label and (known.label, value) in labels:
        return labels[known.label, value]
    if known.show is not None:
        return known.show(value)
    return f"{facet} {value & (2**64 - 1):016x}"[: len(facet) + 9]


def kept_labels(engine: Engine, exchanges: Table, accounts: Table, labels: pa.Table, least: int) -> pa.Table:
    """Return the labels of keys that a row carries, in their order.

    The words of a template head are kept only if `least` accounts share it; otherwise they are somebody's
    own.
    """
    keep = np.zeros(labels.num_rows, np.bool_)
    for kind in sorted(distinct_values(labels, "kind")):
        table = exchanges if kind in EXCHANGES.names() else accounts if kind in ACCOUNTS.names() else None
        asked = rows_where(labels, "kind", kind).select(["key"])
        if table is not None:
            used = table.select("account", key=table[kind]).semi_join(engine.load("asked", asked), "key")
            carried = used.group_by("key").agg(accounts=_.account.nunique())
            asked = engine.collect(carried.filter(_.accounts >= least) if kind == "head" else carried)
        named = compute.is_in(labels.column("key"), value_set=asked.column("key"))
        keep |= compute.and_(compute.equal(labels.column("kind"), kind), named).to_numpy()
    return labels.filter(pa.array(keep))


def sayable(labels: pa.Table, templates: pa.Table) -> pa.Table:
    """Return the labels without the words of frames that table templates does not show.

    Too few accounts may share these words now.
    """
    shown = [
        row["key"] for row in templates.to_pylist() if row["part"] == "frame" and row["words"] is not None
    ]
    named = compute.is_in(labels.column("key"), value_set=pa.array(shown, pa.int64()))
    return labels.filter(compute.or_(compute.not_equal(labels.column("kind"), "frame"), named))
