"""The client's address."""

from __future__ import annotations

from stillwatch.engine import Table
from stillwatch.facets._facet import facet
from stillwatch.facets.tables import Tables, marks


@facet(
    family="network",
    sees="accounts that come from one address",
    blind_spots="Carrier NAT, offices and schools put strangers behind one address; residential proxies "
    "give each account many.",
    needs=("exchanges.address",),
    label="address",
)
def address(tables: Tables) -> Table:
    """Each address an account used."""
    return marks(tables.visits, "address")
