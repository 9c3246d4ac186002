"""Requests that ask nothing, and get what a user would have asked."""

from __future__ import annotations

from ibis import _

from stillwatch.engine import Table
from stillwatch.signals._signal import signal
from stillwatch.signals.inputs import SignalInputs, held


@signal(
    axis="intent",
    weight=0.7,
    sees="empty user turns and bare prefixes of chat templates with long answers: the model is led to write "
    "the instructions itself",
    blind_spots="A program that writes all it wants into a short system prompt and leaves the user's turn "
    "empty looks the same, and so does one that lets a model play the user. Health checks and empty pings "
    "get short answers and do not count; nor do openings in words of one's own, or short instructions that "
    "come back.",
    needs=("exchanges.flags",),
    finding="{part:%~} of its accounts' prompts ask nothing and get long answers",
    example=[{"group": 1, "account": 1, "has_text": True, "flags": 16384}] * 6
    + [{"group": 2, "account": 2, "has_text": True, "flags": 0}] * 6,
    expect={1: 1.0, 2: 0.0},
)
def self_elicitation(inputs: SignalInputs) -> Table:
    """The lower end of the share of prompts that do; 25% already give the full score."""
    return inputs.asked.select(
        "group",
        part=_.self_elicited,
        low=_.self_elicited_low,
        high=_.self_elicited_high,
        score=held(_.self_elicited_low / 0.25),
    )
