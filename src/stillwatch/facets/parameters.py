"""The sampling parameters of the request."""

from __future__ import annotations

from stillwatch.engine import Table
from stillwatch.facets._facet import facet
from stillwatch.facets.tables import Tables, marks


@facet(
    family="content",
    sees="accounts that ask with one unusual set of parameters",
    blind_spots="A framework's defaults are shared by thousands of strangers; a stratum that includes the "
    "client explains them.",
    needs=("exchanges.parameters",),
    label="parameters",
)
def parameters(tables: Tables) -> Table:
    """Each set of parameters an account sent."""
    return marks(tables.visits, "parameters")
