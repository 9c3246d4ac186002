"""Which labels a run may keep: those of keys that its rows carry, and words only where enough accounts share
them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute
from ibis import _

from stillwatch.engine import Engine
from stillwatch.schema.stored import ACCOUNTS, EXCHANGES
from stillwatch.schema.table import distinct_values, rows_where

compute: Any = pyarrow.compute


def kept_labels(engine: Engine, exchanges: Any, accounts: Any, labels: pa.Table, least: int) -> pa.Table:
    """The labels of keys that a row carries, in their order; the words of a template head only if `least`
    accounts share it: fewer, and they are somebody's own.
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
    """The labels without the words of frames that table templates does not show: too few accounts may share
    them now.
    """
    shown = [
        row["key"] for row in templates.to_pylist() if row["part"] == "frame" and row["words"] is not None
    ]
    named = compute.is_in(labels.column("key"), value_set=pa.array(shown, pa.int64()))
    return labels.filter(compute.or_(compute.not_equal(labels.column("kind"), "frame"), named))
