"""How soon after a model's release an account moves to it."""

from __future__ import annotations

import ibis
from ibis import _

from stillwatch.engine import Table
from stillwatch.facets._facet import facet
from stillwatch.facets.tables import Tables

WINDOW = 48 * 3600
"""Seconds after a release in which a move counts."""
BUCKET = 6 * 3600
"""Resolution of the delay, in seconds."""
SLOTS = WINDOW // BUCKET
"""Number of different delays."""


def show(value: int) -> str:
    """Format the release and the delay."""
    number, slot = divmod(value, SLOTS)
    return f"moved to release {number + 1} within {(slot + 1) * BUCKET // 3600} h"


@facet(
    family="rhythm",
    sees="accounts that move half of their work to a new model within the same hours after its release",
    blind_spots="Enthusiasts and evaluators also move at once; blind without a release inside the log.",
    needs=("exchanges.model", "releases.model"),
    binds="moment",
    show=show,
)
def pivot(tables: Tables) -> Table:
    """Return the release and the delay in quarter days of accounts that moved to it.

    An account moved if the new model took half of its next two days, and it had worked before.
    """
    release = tables.releases.select(
        "model", released="second", number=ibis.row_number().over(ibis.window(order_by=["second", "model"]))
    )
    near = tables.exchanges.select("account", "model", "second").cross_join(release.rename(new="model"))
    windowed = near.filter((_.second >= _.released - WINDOW) & (_.second < _.released + WINDOW))
    use = windowed.group_by("account", "number", "released").agg(
        before=(_.second < _.released).cast("int64").sum(),
        after=(_.second >= _.released).cast("int64").sum(),
        moved=((_.second >= _.released) & (_.model == _.new)).cast("int64").sum(),
        second=ibis.cases(((_.second >= _.released) & (_.model == _.new), _.second)).min(),
    )
    movers = use.filter((_.before > 0) & (_.moved * 2 >= _.after) & (_.moved > 0))
    delay = ((movers.second - movers.released) // BUCKET).cast("int64")
    return movers.select("account", "second", value=(movers.number * SLOTS + delay).cast("int64"))
