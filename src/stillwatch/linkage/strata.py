"""Who an account's peers are."""

from __future__ import annotations

from typing import Any

import ibis
from ibis import _

from stillwatch.engine import Engine

BANDS = (10, 100, 1000)
"""Exchanges that part the bands of activity."""


def strata(engine: Engine, visits: Any, accounts: Any, activity: Any) -> Any:
    """Table strata (account, stratum, cell, region, plan, band, client) of every account with exchanges; a cell is a stratum and a client.

    Region is the account's declared one, else that of its traffic: geography only narrows whom an account is compared with.
    """
    seen = visits.group_by("account").agg(traffic=_.region.max(), client=_.client.max())
    work = activity.group_by("account").agg(n=_.n.sum())
    known = accounts.select("account", "plan", declared="region")
    joined = seen.join(work, "account").left_join(known, "account")
    named = joined.select(
        "account",
        "client",
        region=ibis.coalesce(joined.declared, joined.traffic, ibis.literal("")),
        plan=ibis.coalesce(joined.plan, ibis.literal("")),
        band=sum((joined.n >= bound).cast("int64") for bound in BANDS),
    )
    number = ibis.dense_rank().over(ibis.window(order_by=["region", "plan", "band"])).cast("int64")
    cell = ibis.dense_rank().over(ibis.window(order_by=["region", "plan", "band", "client"])).cast("int64")
    return engine.create("strata", named.mutate(stratum=number, cell=cell))
