"""The TLS client fingerprint."""

from __future__ import annotations

from stillwatch.engine import Table
from stillwatch.facets._facet import facet
from stillwatch.facets.tables import Tables, marks


@facet(
    family="software",
    sees="accounts whose TLS stack is the same",
    blind_spots="Everyone on one library and runtime shares it; only an edge that computes it has it.",
    needs=("exchanges.ja4",),
    label="ja4",
)
def ja4(tables: Tables) -> Table:
    """Each JA4 an account showed."""
    return marks(tables.visits, "ja4")
