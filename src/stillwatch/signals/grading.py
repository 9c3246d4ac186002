"""Prompts that grade or compare answers."""

from __future__ import annotations

from typing import Any

from ibis import _

from stillwatch.signals._signal import signal
from stillwatch.signals.work import Work, held, share


@signal(
    axis="intent",
    weight=0.6,
    sees="prompts that score answers against a rubric or choose the better of two",
    blind_spots="Evaluation teams and product analytics grade answers every day.",
    needs=("exchanges.flags",),
    finding="{part:.0%} of its prompts grade or compare answers",
    example=[{"group": 1, "account": 1, "has_text": True, "flags": 2}] * 6 + [{"group": 2, "account": 2, "has_text": True, "flags": 0}] * 6,
    expect={1: 1.0, 2: 0.0},
)
def grading(work: Work) -> Any:
    """Share of prompts so flagged; 25% of them already give the full score."""
    part = held(share(_.grading + _.preference, _.texts))
    return work.sums.filter(_.texts > 0).select("group", part=part, score=held(part / 0.25))
