"""Winnowed fingerprints of the prompt."""

from __future__ import annotations

from typing import Any

import ibis
from ibis import _

from stillwatch.facets._facet import facet
from stillwatch.facets.tables import Tables

SAMPLED = 4
"""One fingerprint in so many is followed, the same ones for every account: a template leaves several."""
FOLLOWED = 2
"""Fingerprints of a prompt that are looked at."""


@facet(
    family="content",
    sees="accounts whose prompts contain one run of words, wherever it stands and whatever surrounds it",
    blind_spots="Every request rephrased leaves no common run; quotations and licence texts are shared by strangers.",
    needs=("exchanges.shingles",),
    sparse=True,
)
def shingle(tables: Tables) -> Any:
    """The smallest kept fingerprints of each prompt that fall into the sample (Schleimer, Wilkerson, Aiken 2003)."""
    each = [tables.exchanges.select("account", "second", value=_.shingles[place]).filter(_.value % SAMPLED == 0) for place in range(FOLLOWED)]
    return ibis.union(*each)
