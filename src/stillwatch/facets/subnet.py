"""The /24 or /48 around the address."""

from __future__ import annotations

from stillwatch.engine import Table
from stillwatch.facets._facet import facet
from stillwatch.facets.tables import Tables, marks


@facet(
    family="network",
    sees="accounts that come from one small network",
    blind_spots="A hosting provider's /24 holds many unrelated customers.",
    needs=("exchanges.subnet",),
    label="subnet",
)
def subnet(tables: Tables) -> Table:
    """Each small network an account used."""
    return marks(tables.visits, "subnet")
