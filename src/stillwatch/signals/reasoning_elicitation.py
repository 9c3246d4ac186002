"""Prompts that ask for the reasoning itself."""

from __future__ import annotations

from ibis import _

from stillwatch.engine import Table
from stillwatch.signals._signal import signal
from stillwatch.signals.inputs import SignalInputs, held


@signal(
    axis="intent",
    weight=0.75,
    sees="prompts that ask for chains of thought in tags, for working memory, or hand over traces to be "
    "cleaned",
    blind_spots="Teachers, researchers and prompt libraries ask for written reasoning too; step by step "
    "alone is not counted.",
    needs=("exchanges.flags",),
    finding="{part:%~} of its accounts' prompts ask for written-out reasoning, or hand over reasoning to be "
    "cleaned",
    example=[{"group": 1, "account": 1, "has_text": True, "flags": 1}] * 6
    + [{"group": 2, "account": 2, "has_text": True, "flags": 0}] * 6,
    expect={1: 1.0, 2: 0.0},
)
def reasoning_elicitation(inputs: SignalInputs) -> Table:
    """The lower end of the share of prompts that do; 25% already give the full score."""
    return inputs.asked.select(
        "group", part=_.reasoned, low=_.reasoned_low, high=_.reasoned_high, score=held(_.reasoned_low / 0.25)
    )
