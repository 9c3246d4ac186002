"""Accounts that carry nearly equal loads, as behind a balancer."""

from __future__ import annotations

import ibis
from ibis import _

from stillwatch.engine import Table
from stillwatch.signals._signal import signal
from stillwatch.signals.inputs import PEERS, SignalInputs, held, share

LEAST = 8
"""Accounts below which evenness says nothing."""
DOZEN = 12
"""Active hours an account needs for its volume to say something about a queue."""


@signal(
    axis="scale",
    weight=0.35,
    sees="accounts whose volumes differ far less than their peers' do: a queue handed out in turn",
    blind_spots="Quotas make volumes equal too; a class of pupils with one exercise is even for an hour, "
    "which counts little.",
    needs=("exchanges.time",),
    finding="the standard deviation of its accounts' volumes is {spread:%} of their mean; among its peers it "
    "is {spread_peers:%}",
    example=[
        {"group": 0, "account": 100 + i, "second": 3600 * j} for i in range(20) for j in range(1 + i * i)
    ]
    + [{"group": 1, "account": i, "second": 3600 * j} for i in range(20) for j in range(30)]
    + [{"group": 2, "account": 50 + i, "second": 3600 * j} for i in range(20) for j in range(1 + i * i)],
    expect={1: 1.0, 2: 0.0},
)
def even_load(inputs: SignalInputs) -> Table:
    """1 - (coefficient of variation of volume per account / half the peers'), times how nearly its accounts
    work in a dozen hours each.
    """
    busy = ibis.least(inputs.members.hours, ibis.literal(DOZEN, "int64"))
    square = (
        inputs.members.mutate(busy=busy)
        .group_by("group")
        .agg(accounts=_.count(), total=_.n.sum(), square=(_.n * _.n).sum(), busy=_.busy.sum())
    )
    mean = square.total.cast("float64") / square.accounts
    variance = ibis.greatest(square.square.cast("float64") / square.accounts - mean * mean, ibis.literal(0.0))
    spreads = square.select(
        "group",
        "accounts",
        spread=variance.sqrt() / mean,
        kept_up=share(square.busy, square.accounts * DOZEN),
    )
    peers = spreads.filter(_.group == PEERS).select(spread_peers="spread")
    rows = spreads.filter(_.accounts >= LEAST).cross_join(peers)
    even = held(1.0 - 2.0 * rows.spread / ibis.greatest(rows.spread_peers, ibis.literal(1e-9)))
    return rows.select("group", "spread", "spread_peers", score=even * rows.kept_up)
