"""Parts of the time that form groups, and parts that test them."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from ibis import _

from stillwatch.engine import Engine, Table
from stillwatch.schema.keyed import mix

PART = 21_600
"""Seconds of a part: a quarter of a day."""


def in_parts(exchanges: Table) -> Table:
    """Add part: the quarter of a day (since 1970) of each exchange. exchanges: second, …"""
    return exchanges.mutate(part=(_.second // PART).cast("int64"))


def halves(engine: Engine, exchanges: Table) -> Table:
    """Create table halves (part, tests): every second part, in a shuffled order, tests what the others form.

    The order follows from the smallest request key of each part. The provider chooses request ids, so nobody
    knows beforehand which half a part will be in. Times are split, not requests: a conversation, a retry or a
    lesson seldom lasts beyond its part, so what one event leaves stays in one half. exchanges: account,
    request, part.
    """
    parts = engine.collect(exchanges.group_by("part").agg(low=_.request.min()).order_by("part"))
    low = parts.column("low").to_numpy().astype(np.uint64)
    order = np.argsort(mix(low, np.array([1], np.uint64)), kind="stable")
    tests = np.zeros(len(order), np.bool_)
    tests[order[1::2]] = True
    return engine.load("halves", pa.table({"part": parts.column("part"), "tests": tests}))
