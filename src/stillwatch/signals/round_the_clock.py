"""SignalInputs that never sleeps."""

from __future__ import annotations

import math

import ibis
from ibis import _

from stillwatch.engine import Table
from stillwatch.signals._signal import signal
from stillwatch.signals.inputs import PEERS, SignalInputs, held


@signal(
    axis="scale",
    weight=0.25,
    sees="a group whose work is spread evenly over the hours of the day",
    blind_spots="Servers and world-wide products never sleep either; it only supports other evidence.",
    needs=("exchanges.time",),
    finding="its work is spread over the hours of the day: {flat:.1%} of full evenness, against "
    "{flat_peers:.1%} for its peers",
    example=[{"group": 0, "account": 9, "second": 3600 * 9}] * 24
    + [{"group": 1, "account": 1, "second": 3600 * i} for i in range(24)]
    + [{"group": 2, "account": 2, "second": 3600 * 9}] * 24,
    expect={1: 1.0, 2: 0.0},
)
def round_the_clock(inputs: SignalInputs) -> Table:
    """Entropy of the hours of the day (UTC) over log 24; from the peers' value up."""
    hourly = inputs.exchanges.group_by("group", hour=(_.second // 3600) % 24).agg(n=_.count())
    logs = hourly.mutate(weighted=(_.n * _.n.cast("float64").ln() * 1e6).round().cast("int64"))
    sums = logs.group_by("group").agg(total=_.n.sum(), weighted=_.weighted.sum())
    total = sums.total.cast("float64")
    flats = sums.select(
        "group", flat=held((total.ln() - sums.weighted.cast("float64") / 1e6 / total) / math.log(24.0))
    )
    rows = flats.cross_join(flats.filter(_.group == PEERS).select(flat_peers="flat"))
    room = ibis.greatest(1.0 - rows.flat_peers, ibis.literal(0.02))
    return rows.select("group", "flat", "flat_peers", score=held((rows.flat - rows.flat_peers) / room))
