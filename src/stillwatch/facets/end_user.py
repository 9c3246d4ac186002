"""The customers' own end users, where several accounts name one."""

from __future__ import annotations

from ibis import _

from stillwatch.engine import Table
from stillwatch.facets._facet import facet
from stillwatch.facets.columns import unnamed_key
from stillwatch.facets.tables import Tables, marks

MOST = 100
"""End users that an account may name for one of them to be a mark.

Customers who number their users 1, 2, 3 share ids with strangers who do so too, and the more users both have,
the more ids.
"""


@facet(
    family="identity",
    sees="accounts that name one end user of theirs, who is thus served through several accounts",
    blind_spots="Customers who number their end users share small numbers with strangers, so accounts with "
    "many end users leave no mark; the hash of an empty id is everybody's. The client asserts the id: it "
    "links, and proves nothing alone.",
    needs=("exchanges.end_user",),
    anchor=False,
    sparse=True,
    show=unnamed_key,
    binds="held",
)
def end_user(tables: Tables) -> Table:
    """Return each end user that an account names, for accounts that name at most MOST."""
    named = marks(tables.exchanges, "end_user")
    few = named.group_by("account").agg(users=_["value"].nunique()).filter(_.users <= MOST)
    return named.semi_join(few, "account")
