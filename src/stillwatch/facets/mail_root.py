"""The registrable domain above several mail domains."""

from __future__ import annotations

from ibis import _

from stillwatch.engine import Table
from stillwatch.facets._facet import facet
from stillwatch.facets.tables import Tables, declared


@facet(
    family="identity",
    sees="accounts whose mail domains differ and stand under one registered domain, as subdomains made for "
    "each batch of accounts do",
    blind_spots="Departments of a university or a company have subdomains of their own; a free service of "
    "subdomains that is not on the Public Suffix List makes strangers equal.",
    needs=("accounts.mail_root",),
    label="mail_root",
    binds="held",
)
def mail_root(tables: Tables) -> Table:
    """Return the registrable domain of accounts where several mail domains stand under it.

    With one domain under it, the root is the domain, and facet mail_domain has told that fact already.
    """
    known = tables.accounts.filter(_.mail_root.notnull())
    several = known.group_by("mail_root").agg(domains=_.email_domain.nunique()).filter(_.domains > 1)
    return declared(known.semi_join(several, "mail_root"), "mail_root")
