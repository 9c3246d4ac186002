"""The User-Agent."""

from __future__ import annotations

from stillwatch.engine import Table
from stillwatch.facets._facet import facet
from stillwatch.facets.tables import Tables, marks


@facet(
    family="software",
    sees="accounts that run one build of one client",
    blind_spots="Popular libraries are shared by most accounts; the header is easily changed.",
    needs=("exchanges.client",),
    label="client",
)
def client(tables: Tables) -> Table:
    """Each User-Agent an account sent."""
    return marks(tables.visits, "client")
