"""Days that form groups, and days that test them."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from ibis import _

from stillwatch.engine import Column, Engine, Table
from stillwatch.schema.keyed import mix

DAY = 86_400
"""Seconds."""


def day_of(second: Column) -> Column:
    """The day since 1970 of a time in seconds."""
    return (second // DAY).cast("int64")


def halves(engine: Engine, exchanges: Table) -> Table:
    """Create table halves (day, tests): every second day, in a shuffled order, tests what the others form.

    The order follows from the smallest request key of each day. The provider chooses request ids, so nobody
    knows beforehand which half a day will be in. Days are split, not requests: a conversation, a retry or an
    exercise seldom lasts beyond its day, so what one event leaves stays in one half. exchanges: account,
    request, second.
    """
    days = engine.collect(exchanges.group_by(day=day_of(_.second)).agg(low=_.request.min()).order_by("day"))
    low = days.column("low").to_numpy().astype(np.uint64)
    order = np.argsort(mix(low, np.array([1], np.uint64)), kind="stable")
    tests = np.zeros(len(order), np.bool_)
    tests[order[1::2]] = True
    return engine.load("halves", pa.table({"day": days.column("day"), "tests": tests}))
