"""One organisation that did not declare itself: one mail domain of its own, one office, nothing hidden."""

from __future__ import annotations

from ibis import _

from stillwatch.engine import Table
from stillwatch.signals._signal import signal
from stillwatch.signals.inputs import SignalInputs, from_one_network, held, share

ALL = 0.8
"""Share of its accounts under one mail domain, and of its exchanges from one network, that makes one roof."""


@signal(
    axis="deception",
    weight=-0.6,
    sees="accounts under one mail domain of their own that work from one network which is no hosting network",
    blind_spots="Whoever has a domain and an office can look so. It hides nothing, and can be asked.",
    needs=("accounts.email_domain", "exchanges.subnet"),
    finding="{domain:%} of its accounts are under one private mail domain, and {place:%} of its exchanges "
    "come from one network",
    example=[
        {"group": 1, "account": i, "email_domain": 7, "email_public": False, "subnet": 9} for i in range(10)
    ]
    + [
        {"group": 2, "account": 20 + i, "email_domain": i, "email_public": False, "subnet": i}
        for i in range(10)
    ],
    expect={1: 1.0, 2: 0.0},
)
def one_roof(inputs: SignalInputs) -> Table:
    """One where both shares are ALL or more, else nothing."""
    accounts = inputs.exchanges.select("group", "account", "email_domain", "email_public").distinct()
    size = accounts.group_by("group").agg(accounts=_.account.nunique())
    domains = (
        accounts.filter(_.email_domain.notnull() & ~_.email_public.fill_null(True))
        .group_by("group", "email_domain")
        .agg(n=_.account.nunique())
        .group_by("group")
        .agg(domain_accounts=_.n.max())
    )
    places = from_one_network(inputs.exchanges.filter(_.network_class.fill_null("") != "hosting"))
    rows = (
        size.join(domains, "group")
        .join(places, "group")
        .join(inputs.sums.select("group", total="n"), "group")
        .filter(_.accounts > 1)
    )
    domain, place = share(rows.domain_accounts, rows.accounts), share(rows.place_exchanges, rows.total)
    both = ((domain >= ALL) & (place >= ALL)).cast("float64")
    return rows.select("group", domain=domain, place=place, score=held(both))
