"""How a conversation began: first user message and first answer."""

from __future__ import annotations

from stillwatch.engine import Table
from stillwatch.facets._facet import facet
from stillwatch.facets.tables import Tables, marks


@facet(
    family="content",
    sees="one conversation carried on under several accounts",
    blind_spots="Blind for requests of one turn; a constant greeting with a constant answer is shared by "
    "strangers.",
    needs=("exchanges.prefix",),
    label="prefix",
    sparse=True,
)
def prefix(tables: Tables) -> Table:
    """Each conversation beginning an account sent."""
    return marks(tables.exchanges, "prefix")
