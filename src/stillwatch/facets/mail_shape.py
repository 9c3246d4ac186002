"""The shape of the mail address before the @."""

from __future__ import annotations

from stillwatch.engine import Table
from stillwatch.facets._facet import facet
from stillwatch.facets.tables import Tables, declared


@facet(
    family="identity",
    sees="accounts whose addresses were made by one rule",
    blind_spots="Short names share shapes.",
    needs=("accounts.email_shape",),
    label="email_shape",
)
def mail_shape(tables: Tables) -> Table:
    """The shape of an account's mail address."""
    return declared(tables.accounts, "email_shape")
