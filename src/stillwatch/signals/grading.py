"""Prompts that grade, compare or judge answers."""

from __future__ import annotations

from ibis import _

from stillwatch.engine import Table
from stillwatch.signals._signal import signal
from stillwatch.signals.inputs import SignalInputs, held


@signal(
    axis="intent",
    weight=0.6,
    sees="prompts that score answers against a rubric, choose the better of two, or use the model as judge "
    "or reward",
    blind_spots="Evaluation teams and product analytics grade answers every day.",
    needs=("exchanges.flags",),
    finding="{part:%~} of its accounts' prompts grade, compare or judge answers",
    example=[{"group": 1, "account": 1, "has_text": True, "flags": f} for f in (2, 1024, 4, 2, 1024, 1026)]
    + [{"group": 2, "account": 2, "has_text": True, "flags": 0}] * 6,
    expect={1: 1.0, 2: 0.0},
)
def grading(inputs: SignalInputs) -> Table:
    """The lower end of the share of prompts that do; 25% already give the full score."""
    return inputs.asked.select(
        "group", part=_.graded, low=_.graded_low, high=_.graded_high, score=held(_.graded_low / 0.25)
    )
