"""Accounts that move from one client to another in the same quarter of an hour."""

from __future__ import annotations

import ibis
from ibis import _

from stillwatch.engine import Table
from stillwatch.facets._facet import facet
from stillwatch.facets.columns import unnamed_key
from stillwatch.facets.tables import Tables

BUCKET = 900
"""Resolution of the move, in seconds."""
DAY = 86_400
USED = 3
"""Requests that an account needs with either client: a client that is tried once is no move."""
LIFT = 5.0
"""Times as many moves in a quarter of an hour as the same move has elsewhere in that day."""


@facet(
    family="rhythm",
    sees="accounts that change from one version of a client to another in the same quarter of an hour, when "
    "nearly nobody else does",
    blind_spots="A company that updates its machines at one time moves in lockstep too. An automatic update "
    "that reaches everybody is spread over hours, so a move counts only where the rest of the day has few of "
    "the same; one that reaches everybody within minutes does not differ from lockstep.",
    needs=("exchanges.client",),
    binds="moment",
    show=unnamed_key,
)
def upgrade(tables: Tables) -> Table:
    """Return the two clients and the quarter of an hour of each clean move of an account.

    A move is clean if the one client was not used again and the other not before. Moves in a quarter of an
    hour are kept where they are LIFT times what the same move has in an average other quarter of the twelve
    hours before and after it.
    """
    used = (
        tables.visits.filter(_.client.notnull())
        .group_by("account", "client")
        .agg(first=_.second.min(), last=_["last"].max(), n=_.n.sum())
    )
    order = ibis.window(group_by="account", order_by=["first", "client"])
    lined = used.mutate(
        before=_.client.lag().over(order), ended=_["last"].lag().over(order), worked=_.n.lag().over(order)
    )
    moves = lined.filter(
        _.before.notnull() & (_.ended < _["first"]) & (_.n >= USED) & (_.worked >= USED)
    ).select("account", "before", "client", second=_["first"], bucket=(_["first"] // BUCKET).cast("int64"))
    held = tables.hold("moves", moves)
    buckets = held.group_by("before", "client", "bucket").agg(n=_.count())
    half = DAY // 2 // BUCKET
    # A window and no join: a client whose moves fill n buckets would give n * n pairs.
    near = ibis.range_window(preceding=half, following=half, group_by=["before", "client"], order_by="bucket")
    rest = buckets.mutate(total=_.n.sum().over(near))
    kept = rest.filter((_.n > 1) & (_.n * (2.0 * half) >= LIFT * (_.total - _.n))).select(
        "before", "client", "bucket"
    )
    found = held.semi_join(kept, ["before", "client", "bucket"])
    # Both clients and the time as one number; the shift tells a move from its reverse.
    value = found.client ^ (found.before // 2) ^ (found.bucket * 2**20)
    return found.select("account", "second", value=value.cast("int64"))
