"""Country and carrier prefix of the phone number."""

from __future__ import annotations

from stillwatch.engine import Table
from stillwatch.facets._facet import facet
from stillwatch.facets.tables import Tables, declared


@facet(
    family="identity",
    sees="accounts verified through one number range",
    blind_spots="A carrier's range serves a whole region.",
    needs=("accounts.phone_prefix",),
    label="phone_prefix",
)
def phone_prefix(tables: Tables) -> Table:
    """The phone prefix of an account."""
    return declared(tables.accounts, "phone_prefix")
