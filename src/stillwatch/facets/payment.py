"""The payment instrument, hashed by the operator."""

from __future__ import annotations

from stillwatch.engine import Table
from stillwatch.facets._facet import facet
from stillwatch.facets.tables import Tables, declared


@facet(
    family="identity",
    sees="accounts paid from one instrument",
    blind_spots="Companies pay for many seats with one card; virtual cards give each account its own.",
    needs=("accounts.payment",),
    label="payment",
)
def payment(tables: Tables) -> Table:
    """The payment instrument of an account."""
    return declared(tables.accounts, "payment")
