"""Conversations that one account leaves and another continues."""

from __future__ import annotations

import ibis
from ibis import _

from stillwatch.engine import Table
from stillwatch.facets._facet import facet
from stillwatch.facets.tables import Tables, marks


@facet(
    family="content",
    sees="accounts that pass conversations on: one continues, word for word, what only others have left",
    blind_spots="It does not see a history that was edited, shortened or regenerated; a shared chat or a "
    "change of keys is a handover too.",
    needs=("exchanges.continues", "exchanges.leaves"),
)
def handover(tables: Tables) -> Table:
    """Return how the conversation began, for everyone who had it.

    Strangers with one greeting and one answer each left it themselves.
    """
    rows = tables.exchanges
    begun = ibis.coalesce(
        rows.prefix, rows.continues
    )  # a loop of tool calls has no second user message, and so no prefix
    # Account and conversation as one number: both are 64 random bits, and a join on one column costs two
    # thirds of one on two.
    own = {"own": _["value"] ^ _.account}
    followed = rows.filter(rows.continues.notnull())
    carried = tables.hold(
        "carried",
        followed.select("account", "second", value=followed.continues, begun=begun).mutate(**own),
    )
    # Nobody continues most of what is left: without it, the rows fit into memory.
    left = tables.hold(
        "left", marks(rows, "leaves").semi_join(carried.select("value"), "value").mutate(**own)
    )
    taken = tables.hold(
        "taken", carried.anti_join(left.select("own"), "own").semi_join(left.select("value"), "value")
    )
    given = left.join(taken.select("value", "begun").distinct(), "value")
    return ibis.union(*[side.select("account", "second", value=side.begun) for side in (taken, given)])
