"""How much was taken."""

from __future__ import annotations

from ibis import _

from stillwatch.engine import Table
from stillwatch.signals._signal import signal
from stillwatch.signals.inputs import SignalInputs, held

INDUSTRIAL = 1000.0
"""Exchanges at which the score is one half: a thousand curated examples already tune a model (LIMA, 2023)."""


@signal(
    axis="scale",
    weight=1.0,
    sees="how many exchanges the group had",
    blind_spots="A busy product has as many; scale alone says nothing about intent.",
    needs=("exchanges.time",),
    finding="{n:exchange} from {accounts:account}",
    example=[{"group": 1, "account": i % 3, "second": i} for i in range(1000)]
    + [{"group": 2, "account": 9, "second": 1}],
    expect={1: 0.5, 2: 0.0},
)
def volume(inputs: SignalInputs) -> Table:
    """n / (n + 1000)."""
    count = _.n.cast("float64")
    return inputs.sums.select("group", "n", "accounts", score=held(count / (count + INDUSTRIAL)))
