"""The system prompt, numbers and dates masked."""

from __future__ import annotations

from stillwatch.engine import Table
from stillwatch.facets._facet import facet
from stillwatch.facets.tables import Tables, marks


@facet(
    family="content",
    sees="accounts that send one system prompt",
    blind_spots="Popular applications ship one system prompt to all their users.",
    needs=("exchanges.system",),
    label="system",
    sparse=True,
)
def system(tables: Tables) -> Table:
    """Each system prompt an account sent."""
    return marks(tables.exchanges, "system")
