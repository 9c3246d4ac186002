"""Prompts that ask for politically safe answers to sensitive questions."""

from __future__ import annotations

from ibis import _

from stillwatch.engine import Table
from stillwatch.signals._signal import signal
from stillwatch.signals.inputs import SignalInputs, held


@signal(
    axis="intent",
    weight=0.6,
    sees="prompts that turn sensitive questions into safe ones",
    blind_spots="Newsrooms and compliance teams soften texts too.",
    needs=("exchanges.flags",),
    finding="{part:%~} of its accounts' prompts ask for safe versions of sensitive questions",
    example=[{"group": 1, "account": 1, "has_text": True, "flags": 256}] * 6
    + [{"group": 2, "account": 2, "has_text": True, "flags": 0}] * 6,
    expect={1: 1.0, 2: 0.0},
)
def safe_rewriting(inputs: SignalInputs) -> Table:
    """The lower end of the share of prompts that do; 15% already give the full score."""
    return inputs.asked.select(
        "group",
        part=_.safe_rewrite,
        low=_.safe_rewrite_low,
        high=_.safe_rewrite_high,
        score=held(_.safe_rewrite_low / 0.15),
    )
