"""Clients whose TLS handshake is that of other software, by what the provider's own customers show."""

from __future__ import annotations

from ibis import _

from stillwatch.engine import Table
from stillwatch.signals._signal import signal
from stillwatch.signals.inputs import PEERS, SignalInputs, held, share

KNOWN = 20
"""Peers that must show a client, and a handshake, for either to be known; rare platforms are not."""
SMOOTH = 1.0
"""Added to the accounts of every pair, seen or not."""
ODD = 0.05
"""Share of a client's accounts, and of a handshake's, up to which their pair is odd."""
MAIN = 0.5
"""Share of a handshake's accounts that one client must have for the handshake to be that client's own.

A box that inspects a company's traffic speaks for every client behind it, and is nobody's own.
"""


@signal(
    axis="deception",
    weight=0.2,
    sees="accounts whose client and TLS handshake are both usual, but not together: software that claims to "
    "be other software",
    blind_spots="It is learnt from this run's other customers, so rare platforms and new builds say nothing. "
    "Inspection of TLS by a company gives many clients one handshake: a handshake without one main client "
    "says nothing, and accounts with a declared owner are left out. A relay that copies the handshake too is "
    "not seen.",
    needs=("exchanges.client", "exchanges.ja4"),
    finding="{odd:#} of {accounts:account} name a client whose TLS handshake is, among other customers, that "
    "of another client",
    unless={"odd": "no account names a client whose TLS handshake is that of another client"},
    example=[{"group": 0, "account": 100 + i, "client": i % 2, "ja4": 50 + i % 2} for i in range(120)]
    + [{"group": 0, "account": 300 + i, "client": i % 6, "ja4": 60} for i in range(60)]
    + [{"group": 1, "account": i, "client": 0, "ja4": 51} for i in range(8)]
    + [{"group": 2, "account": 10 + i, "client": 0, "ja4": 50} for i in range(8)]
    + [{"group": 3, "account": 20 + i, "client": 0, "ja4": 60} for i in range(8)]
    + [{"group": 4, "account": 30 + i, "client": 0, "ja4": 77} for i in range(8)]
    + [{"group": 5, "account": 40 + i, "owner": 1, "client": 0, "ja4": 51} for i in range(8)],
    expect={1: 1.0, 2: 0.0, 3: 0.0, 4: 0.0, 5: 0.0},
)
def coherence(inputs: SignalInputs) -> Table:
    """Share of accounts with an odd pair; a third gives the full score.

    Accounts of a group are never among the peers, so that none speaks for itself.
    """
    pairs = (
        inputs.exchanges.filter(_.client.notnull() & _.ja4.notnull())
        .group_by("group", "account", "client", "ja4")
        .agg(owner=_.owner.max())
    )
    peers = pairs.filter(_.group == PEERS)
    clients = peers.group_by("client").agg(of_client=_.account.nunique(), kinds=_.ja4.nunique())
    both = peers.group_by("client", "ja4").agg(pair=_.account.nunique())
    stacks = peers.group_by("ja4").agg(of_stack=_.account.nunique(), clients=_.client.nunique())
    main = both.group_by("ja4").agg(main=_.pair.max())
    own = pairs.filter(_.group != PEERS)
    known = own.left_join(clients, "client").drop("client_right")
    known = known.left_join(stacks, "ja4").drop("ja4_right").left_join(main, "ja4").drop("ja4_right")
    known = known.left_join(both, ["client", "ja4"]).drop("client_right", "ja4_right")
    pair = known.pair.fill_null(0) + SMOOTH
    odd = (
        (known.of_client >= KNOWN)
        & (known.of_stack >= KNOWN)
        & (known.main >= MAIN * known.of_stack)
        & (pair <= ODD * (known.of_client + SMOOTH * known.kinds))
        & (pair <= ODD * (known.of_stack + SMOOTH * known.clients))
        & known.owner.isnull()
    )
    each = (
        known.mutate(odd=odd.fill_null(False).cast("int64")).group_by("group", "account").agg(odd=_.odd.max())
    )
    rows = each.group_by("group").agg(accounts=_.count(), odd=_.odd.sum())
    part = share(rows.odd, rows.accounts)
    return rows.select("group", "accounts", "odd", score=held(part * 3.0))
