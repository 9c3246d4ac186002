"""The masked last words of the prompt."""

from __future__ import annotations

from stillwatch.engine import Table
from stillwatch.facets._facet import facet
from stillwatch.facets.tables import Tables, marks


@facet(
    family="content",
    sees="accounts whose prompts end with one template",
    blind_spots="A random last line hides it.",
    needs=("exchanges.tail",),
    label="tail",
    sparse=True,
)
def tail(tables: Tables) -> Table:
    """Each prompt tail an account sent."""
    return marks(tables.exchanges, "tail")
