"""Prompts that ask for trajectories of tool use."""

from __future__ import annotations

from ibis import _

from stillwatch.engine import Table
from stillwatch.signals._signal import signal
from stillwatch.signals.inputs import SignalInputs, held


@signal(
    axis="intent",
    weight=0.6,
    sees="prompts that have whole trajectories of tool use written out or simulated: plans, calls, "
    "observations, reasons",
    blind_spots="Agent developers ask for such traces to debug their agents; an agent that only uses tools "
    "is not counted.",
    needs=("exchanges.flags",),
    finding="{part:%~} of its accounts' prompts ask for trajectories of tool use",
    example=[{"group": 1, "account": 1, "has_text": True, "flags": 2048}] * 6
    + [{"group": 2, "account": 2, "has_text": True, "flags": 512}] * 6,
    expect={1: 1.0, 2: 0.0},
)
def tool_trajectories(inputs: SignalInputs) -> Table:
    """The lower end of the share of prompts that do; 25% already give the full score."""
    return inputs.asked.select(
        "group",
        part=_.trajectory,
        low=_.trajectory_low,
        high=_.trajectory_high,
        score=held(_.trajectory_low / 0.25),
    )
