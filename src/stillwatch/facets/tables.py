"""The tables that facets read, and the hour-by-hour activity that several of them share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ibis import _

from stillwatch.engine import Engine

HOUR = 3600


@dataclass(frozen=True)
class Tables:
    """What facets may read, as Ibis tables."""

    exchanges: Any
    """Table exchanges, with `second` (since 1970) for its time."""
    accounts: Any
    """Table accounts, with `created_second` and `banned_second`."""
    activity: Any
    """account, hour (since 1970), n, first and last (seconds since 1970)."""
    releases: Any
    """model, second: when each model was released."""


def prepare(engine: Engine, exchanges: Any, accounts: Any, releases: Any) -> Tables:
    """The facets' tables; activity is one pass over the exchanges."""
    timed = exchanges.mutate(second=_.time.epoch_seconds().cast("int64"))
    dated = accounts.mutate(created_second=_.created.epoch_seconds().cast("int64"), banned_second=_.banned.epoch_seconds().cast("int64"))
    hourly = (
        timed.select("account", "second", hour=(_.second // HOUR).cast("int64"))
        .group_by("account", "hour")
        .agg(n=_.count(), first=_.second.min(), last=_.second.max())
    )
    return Tables(timed, dated, engine.create("activity", hourly), releases)


def marks(exchanges: Any, column: str) -> Any:
    """Each exchange that carries the column, as (account, value, second)."""
    return exchanges.select("account", "second", value=exchanges[column].cast("int64")).filter(_.value.notnull())


def declared(accounts: Any, column: str) -> Any:
    """Each account that carries the column, as (account, value, second); the second is that of its registration."""
    return accounts.select("account", second=accounts.created_second, value=accounts[column].cast("int64")).filter(_.value.notnull())
