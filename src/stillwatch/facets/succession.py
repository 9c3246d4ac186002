"""Accounts that begin where others were banned."""

from __future__ import annotations

from datetime import UTC, datetime

import ibis
from ibis import _

from stillwatch.engine import Table
from stillwatch.facets._facet import facet
from stillwatch.facets.tables import HOUR, Tables

WAVE = 5
"""Bans in one hour that make a wave."""
WITHIN = 24
"""Hours after a wave in which a first exchange counts as a succession."""


def show(value: int) -> str:
    """Format the hour of the wave."""
    return f"bans of {datetime.fromtimestamp(value * HOUR, UTC):%Y-%m-%d %H}h"


@facet(
    family="rhythm",
    sees="accounts banned in one wave, and accounts whose first exchange follows it within a day",
    blind_spots="Every new customer of that day also follows the wave; blind without dates of bans.",
    needs=("accounts.banned",),
    binds="moment",
    show=show,
)
def succession(tables: Tables) -> Table:
    """Return the wave (its hour) for each account banned in it, and each that began within a day after it."""
    banned = tables.accounts.filter(_.banned_second.notnull()).select(
        "account", second=_.banned_second, wave=(_.banned_second // HOUR).cast("int64")
    )
    waves = banned.group_by("wave").agg(n=_.count()).filter(_.n >= WAVE).select("wave")
    fallen = banned.join(waves, "wave").select("account", "second", value=_.wave)
    began = (
        tables.activity.group_by("account")
        .agg(second=_["first"].min())
        .mutate(hour=(_.second // HOUR).cast("int64"))
    )
    after = (
        began.cross_join(waves)
        .filter((_.hour >= _.wave) & (_.hour < _.wave + WITHIN))
        .select("account", "second", value=_.wave)
    )
    return ibis.union(fallen, after)
