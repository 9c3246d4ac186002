"""Prompts of many end users, whom the customer names."""

from __future__ import annotations

from ibis import _

from stillwatch.engine import Table
from stillwatch.signals._signal import signal
from stillwatch.signals.inputs import SignalInputs, held


@signal(
    axis="context",
    weight=-0.5,
    sees="a customer that passes on the ids of its own end users",
    blind_spots="The ids can be invented; an aggregator that omits them looks like one heavy user.",
    needs=("exchanges.end_user",),
    finding="it passes on the ids of {end_users:end user}",
    example=[{"group": 1, "account": 1, "end_user": i} for i in range(200)]
    + [{"group": 2, "account": 2, "end_user": 1} for _ in range(200)],
    expect={1: 1.0, 2: 0.0},
)
def many_end_users(inputs: SignalInputs) -> Table:
    """log10 of its end users over 2, from ten up."""
    count = _.end_users.cast("float64")
    return inputs.sums.filter(_.end_users > 0).select(
        "group", "end_users", score=held(((count / 10.0).log10() + 0.7) / 2.0 * (count > 5).cast("float64"))
    )
