"""Accounts that use one template, again and again, and that few others use."""

from __future__ import annotations

import ibis
import pyarrow as pa
from ibis import _

from stillwatch.engine import Engine, Table
from stillwatch.linkage.anchors import SMALL_LOG
from stillwatch.settings import LinkageSettings

FRAMES = ("head", "tail", "system", "tools")
"""Facets whose key stands for a template; also columns of the exchanges."""
USES = 3
"""Requests with a key that make it a habit of the account."""
SHARE = 0.1
"""It must also be in this share of the account's prompts, so that an account has a few habits at most."""


def habits(engine: Engine, exchanges: Table, halves: Table, settings: LinkageSettings) -> pa.Table:
    """facet (its number in FRAMES), value, account, df: habits of several accounts, in the forming half.

    df: the accounts with this habit. A key that is the habit of very many accounts is public, and makes no
    set. Of keys with equal carriers one stands for all in each facet.
    """
    asked = exchanges.filter(_.prompt.notnull())
    forming = asked.join(halves.filter(~_.tests), "part").select("account", *FRAMES)
    total = forming.group_by("account").agg(total=_.count())
    used = ibis.union(
        *[
            forming.filter(forming[name].notnull())
            .group_by("account", value=forming[name])
            .agg(n=_.count())
            .mutate(facet=ibis.literal(number, "int64"))
            for number, name in enumerate(FRAMES)
        ]
    )
    known = used.join(total, "account")
    habit = engine.create(
        "habits",
        known.filter((known.n >= USES) & (known.n >= SHARE * known.total)).select(
            "facet", "value", "account"
        ),
    )
    everyone = int(engine.collect(total.agg(n=_.count())).column("n")[0].as_py())
    largest = max(int(settings.largest_anchor_share * everyone), SMALL_LOG)
    carried = habit.group_by("facet", "value").agg(
        df=_.count(), low=_.account.min(), high=_.account.max(), check=(_.account % 2_147_483_647).sum()
    )
    fit = carried.filter((_.df >= settings.smallest_group) & (_.df <= largest))
    single = fit.group_by("facet", "df", "low", "high", "check").agg(value=_.value.min())
    rows = habit.join(single.select("facet", "value", "df"), ["facet", "value"])
    return engine.collect(
        rows.select("facet", "value", "account", "df").order_by(["facet", "value", "account"])
    )
