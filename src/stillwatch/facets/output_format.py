"""The output format or schema asked for."""

from __future__ import annotations

from stillwatch.engine import Table
from stillwatch.facets._facet import facet
from stillwatch.facets.tables import Tables, marks


@facet(
    family="content",
    sees="accounts that ask for one output schema",
    blind_spots="Plain JSON mode is common.",
    needs=("exchanges.output_format",),
    label="output_format",
    sparse=True,
)
def output_format(tables: Tables) -> Table:
    """Each output format an account asked for."""
    return marks(tables.exchanges, "output_format")
