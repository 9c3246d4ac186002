"""The mail domain, unless it is open to anyone."""

from __future__ import annotations

from stillwatch.engine import Table
from stillwatch.facets._facet import facet
from stillwatch.facets.tables import Tables, declared


@facet(
    family="identity",
    sees="accounts under one private or disposable mail domain",
    blind_spots="A company's own domain is declared common ownership.",
    needs=("accounts.email_domain",),
    label="email_domain",
    binds="held",
)
def mail_domain(tables: Tables) -> Table:
    """Return the private mail domain of an account."""
    return declared(tables.accounts.filter(~tables.accounts.email_public.fill_null(False)), "email_domain")
