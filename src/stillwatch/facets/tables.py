"""The tables that facets read, and the hour-by-hour activity that several of them share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import ibis
from ibis import _

from stillwatch.engine import Engine, Table
from stillwatch.schema.flags import HARVEST

HOUR = 3600


VISIT = ("address", "asn", "client", "stainless", "ja4", "parameters", "device")
"""Columns with few values per account. Facets of them read visits, which are far fewer than exchanges."""
FOLLOWING = ("subnet", "region", "network_class")
"""Columns that follow from the address, so that each visit has one value."""


def as_asked(_name: str, rows: Table) -> Table:
    """Return rows as a query, which runs again wherever they are used."""
    return rows


@dataclass(frozen=True)
class Tables:
    """The tables that facets may read, as Ibis tables."""

    exchanges: Table
    """Table exchanges, with `second` (since 1970) for its time."""
    accounts: Table
    """Table accounts, with `created_second` and `banned_second`."""
    activity: Table
    """Work by account and hour (since 1970).

    n, first and last (seconds since 1970), number of texts and of harvest-like ones, metered exchanges and
    sums of their tokens.
    """
    visits: Table
    """One row per account and combination of the columns of VISIT.

    With the columns of FOLLOWING, second and last (seconds since 1970), n.
    """
    releases: Table
    """model, second: when each model was released."""
    hold: Callable[[str, Table], Table] = as_asked
    """Computes the rows of a query once, under a name, for a facet that uses them several times.

    They are dropped when the facet is done.
    """


def prepare(engine: Engine, exchanges: Table, accounts: Table, releases: Table) -> Tables:
    """Make the facets' tables; activity and visits are one pass each over the exchanges."""
    timed = exchanges.mutate(second=_.time.epoch_seconds().floor())
    dated = accounts.mutate(
        created_second=_.created.epoch_seconds().floor(), banned_second=_.banned.epoch_seconds().floor()
    )
    activity = engine.create("activity", _hourly(timed))
    following = {name: timed[name].max() for name in FOLLOWING}
    visits = timed.group_by("account", *VISIT).agg(
        second=_.second.min(), last=_.second.max(), n=_.count(), **following
    )
    return Tables(timed, dated, activity, engine.create("visits", visits), releases)


def _hourly(timed: Table) -> Table:
    metered = timed.input_tokens.notnull() & timed.output_tokens.notnull()
    read = ibis.ifelse(metered, timed.input_tokens, 0).cast("int64")
    written = ibis.ifelse(metered, timed.output_tokens, 0).cast("int64")
    harvest = timed.has_text & ((timed.flags.fill_null(0).cast("int64") & int(HARVEST)) > 0)
    counted = {"metered": metered, "texts": timed.has_text, "harvest": harvest}
    rows = timed.select(
        "account",
        "second",
        hour=(_.second // HOUR).cast("int64"),
        read=read,
        written=written,
        **{name: flag.cast("int64") for name, flag in counted.items()},
    )
    return rows.group_by("account", "hour").agg(
        n=_.count(),
        first=_.second.min(),
        last=_.second.max(),
        metered=_.metered.sum(),
        texts=_.texts.sum(),
        harvest=_.harvest.sum(),
        read=_.read.sum(),
        square=(_.read * _.read).sum(),
        written=_.written.sum(),
    )


def marks(exchanges: Table, column: str) -> Table:
    """Each exchange or visit with the column as (account, value, second); visits also have (last, n)."""
    counted = ["last", "n"] if "n" in exchanges.columns else []
    return exchanges.select("account", "second", *counted, value=exchanges[column].cast("int64")).filter(
        _.value.notnull()
    )


def declared(accounts: Table, column: str) -> Table:
    """Each account with the column as (account, value, second), with the second of its registration."""
    return accounts.select(
        "account", second=accounts.created_second, value=accounts[column].cast("int64")
    ).filter(_.value.notnull())
