"""Labels of keys: which of them a run may keep, and how a key is shown to an analyst.

A run keeps the labels of keys that its rows carry. It keeps words of prompts only where enough accounts share
them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import ibis
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute
from ibis import _

from stillwatch.engine import Engine, Scope, Table
from stillwatch.registry import FACETS
from stillwatch.schema.stored import ACCOUNTS, EXCHANGES
from stillwatch.schema.table import distinct_values, rows_where

compute: Any = pyarrow.compute

HEAD = "head"
"""The kind of labels that are the first words of a prompt."""
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
    """Return the labels of keys that a row carries, in their order; the exchanges are read once.

    The words of a template head are kept only if `least` accounts share it; otherwise they are somebody's
    own.
    """
    kinds = sorted(distinct_values(labels, "kind"))
    with Scope(engine, "labels") as scope:
        asked = scope.load("asked", labels.select(["kind", "key"]))
        parts = _in_exchanges(
            scope, exchanges, [kind for kind in kinds if kind in EXCHANGES.names()], asked, least
        )
        parts += [
            _carried(accounts, kind)
            for kind in kinds
            if kind in ACCOUNTS.names() and kind not in EXCHANGES.names()
        ]
        carried = scope.collect(_united(parts).semi_join(asked, ["kind", "key"])) if parts else None
    keep = np.zeros(labels.num_rows, np.bool_)
    for kind in kinds:
        chosen = compute.equal(labels.column("kind"), kind)
        if carried is not None and (kind in EXCHANGES.names() or kind in ACCOUNTS.names()):
            keys = rows_where(carried, "kind", kind).column("key")
            chosen = compute.and_(chosen, compute.is_in(labels.column("key"), value_set=keys))
        keep |= chosen.to_numpy()
    return labels.filter(pa.array(keep))


def _in_exchanges(
    engine: Engine, exchanges: Table, kinds: list[str], asked: Table, least: int
) -> list[Table]:
    """Return (kind, key) of each kind that the exchanges carry, with one table per kind."""
    if not kinds:
        return []
    read = {kind: exchanges[kind] for kind in kinds}
    if HEAD in kinds:
        # Nearly every exchange has a head of its own, and few heads have words.
        heads = engine.collect(asked.filter(_.kind == HEAD).select("key")).column("key").to_pylist()
        known = exchanges[HEAD]
        read[HEAD] = ibis.ifelse(known.isin(heads), known, ibis.null("int64"))
        read["account"] = exchanges.account
    together = engine.create("together", exchanges.select(**read).distinct())
    parts = [_carried(together, kind) for kind in kinds if kind != HEAD]
    if HEAD in kinds:
        shared = together.group_by(key=together[HEAD]).agg(accounts=_.account.nunique())
        parts.append(
            shared.filter(_.accounts >= least).select("key", kind=ibis.literal(HEAD)).select("kind", "key")
        )
    return parts


def _carried(rows: Table, kind: str) -> Table:
    """Return (kind, key) of every key of one kind, once."""
    return rows.select(key=rows[kind]).distinct().select(kind=ibis.literal(kind), key="key")


def _united(parts: list[Table]) -> Table:
    return ibis.union(*parts) if len(parts) > 1 else parts[0]


def sayable(labels: pa.Table, templates: pa.Table) -> pa.Table:
    """Return the labels without the words of frames that table templates does not show.

    Too few accounts may share these words now.
    """
    shown = [
        row["key"] for row in templates.to_pylist() if row["part"] == "frame" and row["words"] is not None
    ]
    named = compute.is_in(labels.column("key"), value_set=pa.array(shown, pa.int64()))
    return labels.filter(compute.or_(compute.not_equal(labels.column("kind"), "frame"), named))
