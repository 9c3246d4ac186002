"""Prompts that make or evolve instructions."""

from __future__ import annotations

from typing import Any

from ibis import _

from stillwatch.signals._signal import signal
from stillwatch.signals.work import Work, held, share


@signal(
    axis="intent",
    weight=0.7,
    sees="prompts that ask for new instructions, or rewrite given ones to be harder",
    blind_spots="Teachers write exercises; own-model synthetic data is made so too.",
    needs=("exchanges.flags",),
    finding="{part:.0%} of its prompts make or evolve instructions",
    example=[{"group": 1, "account": 1, "has_text": True, "flags": 8}] * 6 + [{"group": 2, "account": 2, "has_text": True, "flags": 0}] * 6,
    expect={1: 1.0, 2: 0.0},
)
def instruction_generation(work: Work) -> Any:
    """Share of prompts so flagged; 25% of them already give the full score."""
    part = held(share(_.generation + _.rewriting, _.texts))
    return work.sums.filter(_.texts > 0).select("group", part=part, score=held(part / 0.25))
