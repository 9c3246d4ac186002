"""The masked first words of the prompt."""

from __future__ import annotations

from stillwatch.engine import Table
from stillwatch.facets._facet import facet
from stillwatch.facets.tables import Tables, marks


@facet(
    family="content",
    sees="accounts whose prompts begin with one template",
    blind_spots="A public prompt is shared by strangers; a random first line hides it.",
    needs=("exchanges.head",),
    label="head",
    sparse=True,
)
def head(tables: Tables) -> Table:
    """Each prompt head an account sent."""
    return marks(tables.exchanges, "head")
