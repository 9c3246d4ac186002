"""The tool definitions."""

from __future__ import annotations

from stillwatch.engine import Table
from stillwatch.facets._facet import facet
from stillwatch.facets.tables import Tables, marks


@facet(
    family="content",
    sees="accounts that offer one tool set",
    blind_spots="Agent frameworks ship their tools.",
    needs=("exchanges.tools",),
    label="tools",
    sparse=True,
)
def tools(tables: Tables) -> Table:
    """Each tool set an account offered."""
    return marks(tables.exchanges, "tools")
