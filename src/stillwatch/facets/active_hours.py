"""Which part of the day an account works in, and how flat its day is."""

from __future__ import annotations

import ibis
from ibis import _

from stillwatch.engine import Table
from stillwatch.facets._facet import facet
from stillwatch.facets.tables import Tables

PARTS = 6
"""Parts of four hours, UTC."""
HOURS = 24 // PARTS


def show(value: int) -> str:
    """Format the busiest hours and the number of busy parts of the day."""
    top, busy = divmod(value, PARTS + 1)
    return f"busiest {top * HOURS:02d}-{(top + 1) * HOURS:02d} UTC, {busy} of {PARTS} parts of the day busy"


@facet(
    family="rhythm",
    sees="accounts with one daily rhythm: the busiest part of the day and how many parts are busy",
    blind_spots="A time zone shares its rhythm; compare within the region.",
    needs=("exchanges.time",),
    anchor=False,
    show=show,
)
def active_hours(tables: Tables) -> Table:
    """One value per account: its busiest four hours (UTC) and its number of busy parts.

    A busy part has at least a twelfth of the account's work.
    """
    parts = tables.activity.group_by("account", part=((_.hour % 24) // HOURS).cast("int64")).agg(
        n=_.n.sum(), second=_["first"].min()
    )
    ranked = parts.mutate(
        total=_.n.sum().over(ibis.window(group_by="account")),
        rank=ibis.row_number().over(ibis.window(group_by="account", order_by=[_.n.desc(), _.part])),
    )
    day = ranked.group_by("account").agg(
        top=ibis.cases((_.rank == 0, _.part), else_=-1).max(),
        busy=(_.n * 12 >= _.total).cast("int64").sum(),
        second=_.second.min(),
    )
    return day.select("account", "second", value=(_.top * (PARTS + 1) + _.busy).cast("int64"))
