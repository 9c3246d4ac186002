"""The peers of each account."""

from __future__ import annotations

import ibis
from ibis import _

from stillwatch.engine import Engine, Table

BANDS = (10, 100, 1000)
"""Exchanges in MONTH hours that separate the bands of activity; in a shorter log, exchanges in all of it."""
MONTH = 28 * 24
"""Hours. With plain counts, every steady account in a log of three months would be in the highest band.

A steady campaign would then be its own peers.
"""


def strata(engine: Engine, visits: Table, accounts: Table, activity: Table) -> Table:
    """Create table strata (account, stratum, cell, region, plan, band, client) of accounts with exchanges.

    A cell is a stratum and a client. Region is the account's declared one, else that of its traffic;
    geography only narrows which accounts an account is compared with.
    """
    seen = visits.group_by("account").agg(traffic=_.region.max(), client=_.client.max())
    work = activity.group_by("account").agg(n=_.n.sum())
    hours = _hours(engine, activity)
    known = accounts.select("account", "plan", declared="region")
    joined = seen.join(work, "account").left_join(known, "account")
    named = joined.select(
        "account",
        "client",
        region=ibis.coalesce(joined.declared, joined.traffic, ibis.literal("")),
        plan=ibis.coalesce(joined.plan, ibis.literal("")),
        band=sum((joined.n * MONTH >= bound * hours).cast("int64") for bound in BANDS),
    )
    number = ibis.dense_rank().over(ibis.window(order_by=["region", "plan", "band"])).cast("int64")
    cell = ibis.dense_rank().over(ibis.window(order_by=["region", "plan", "band", "client"])).cast("int64")
    return engine.create("strata", named.mutate(stratum=number, cell=cell))


def _hours(engine: Engine, activity: Table) -> int:
    """Return the hours from the first exchange to the last, at least a MONTH."""
    (ends,) = engine.collect(activity.agg(low=_.hour.min(), high=_.hour.max())).to_pylist()
    return max(MONTH, ends["high"] - ends["low"] + 1) if ends["low"] is not None else MONTH
