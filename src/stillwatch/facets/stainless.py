"""The x-stainless-* headers of the official clients."""

from __future__ import annotations

from stillwatch.engine import Table
from stillwatch.facets._facet import facet
from stillwatch.facets.tables import Tables, marks


@facet(
    family="software",
    sees="accounts with one operating system, runtime and client version",
    blind_spots="Container images make unrelated accounts equal; relays pin one set for all their accounts.",
    needs=("exchanges.stainless",),
    label="stainless",
)
def stainless(tables: Tables) -> Table:
    """Each set of x-stainless headers an account sent."""
    return marks(tables.visits, "stainless")
