"""Sampled fingerprints of the prompt."""

from __future__ import annotations

from ibis import _

from stillwatch.engine import Table
from stillwatch.facets._facet import facet
from stillwatch.facets.tables import Tables

SAMPLED = 16
"""One fingerprint in so many is used, the same ones for every account; a template leaves several."""


@facet(
    family="content",
    sees="accounts whose prompts contain one run of words, wherever it is and whatever surrounds it",
    blind_spots="If every request is rephrased, there is no common run; strangers share quotations and "
    "licence texts.",
    needs=("exchanges.shingles",),
    sparse=True,
)
def shingle(tables: Tables) -> Table:
    """Return the sampled windows of words (FracMinHash: Irber and others 2022) in a smaller sample."""
    each = tables.exchanges.select("account", "second", value=_.shingles.unnest())
    return each.filter(_.value % SAMPLED == 0)
