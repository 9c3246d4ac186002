"""Reasoning signatures, which the API issues with its hidden reasoning and takes back in the next turn."""

from __future__ import annotations

import ibis
from ibis import _

from stillwatch.engine import Table
from stillwatch.facets._facet import facet
from stillwatch.facets.tables import Tables


@facet(
    family="content",
    sees="accounts that hold one reasoning signature: it was issued to one of them, and another sends it "
    "back",
    blind_spots="One customer's keys share signatures when they share the load; blind where clients send "
    "no reasoning back.",
    needs=("exchanges.signatures",),
    sparse=True,
)
def signature(tables: Tables) -> Table:
    """Return each signature that an account received or sent back."""
    held = [
        tables.exchanges.filter(_[name].notnull()).select("account", "second", value=_[name].unnest())
        for name in ("signatures", "signed")
    ]
    return ibis.union(*held).filter(_.value.notnull())
