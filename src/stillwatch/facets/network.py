"""The network (ASN) the address belongs to."""

from __future__ import annotations

from stillwatch.engine import Table
from stillwatch.facets._facet import facet
from stillwatch.facets.tables import Tables, marks


def show(value: int) -> str:
    """The network's number as it is usually written."""
    return f"AS{value}"


@facet(
    family="network",
    sees="accounts whose traffic comes from one unusual network",
    blind_spots="Most customers of an API are in a few large clouds; hosting is not guilt.",
    needs=("exchanges.asn",),
    anchor=False,
    show=show,
)
def network(tables: Tables) -> Table:
    """Each network an account used."""
    return marks(tables.visits, "asn")
