"""Prompts that make or evolve instructions."""

from __future__ import annotations

from ibis import _

from stillwatch.engine import Table
from stillwatch.signals._signal import signal
from stillwatch.signals.inputs import SignalInputs, held


@signal(
    axis="intent",
    weight=0.7,
    sees="prompts that ask for new instructions, or rewrite given ones to be harder",
    blind_spots="Teachers write exercises; own-model synthetic data is made so too.",
    needs=("exchanges.flags",),
    finding="{part:%~} of its accounts' prompts ask for new instructions, or for harder versions of given "
    "ones",
    example=[{"group": 1, "account": 1, "has_text": True, "flags": 8}] * 6
    + [{"group": 2, "account": 2, "has_text": True, "flags": 0}] * 6,
    expect={1: 1.0, 2: 0.0},
)
def instruction_generation(inputs: SignalInputs) -> Table:
    """The lower end of the share of prompts that do; 25% already give the full score."""
    return inputs.asked.select(
        "group", part=_.made, low=_.made_low, high=_.made_high, score=held(_.made_low / 0.25)
    )
