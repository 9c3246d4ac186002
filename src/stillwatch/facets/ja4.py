"""The TLS client fingerprint."""

from __future__ import annotations

from typing import Any

from stillwatch.facets._facet import facet
from stillwatch.facets.tables import Tables, marks


@facet(
    family="software",
    sees="accounts whose TLS stack is the same",
    blind_spots="Everyone on one library and runtime shares it; only an edge that computes it has it.",
    needs=("exchanges.ja4",),
    label="ja4",
)
def ja4(tables: Tables) -> Any:
    """Each JA4 an account showed."""
    return marks(tables.visits, "ja4")
