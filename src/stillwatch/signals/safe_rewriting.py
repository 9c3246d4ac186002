"""Prompts that ask for politically safe answers to sensitive questions."""

from __future__ import annotations

from typing import Any

from ibis import _

from stillwatch.signals._signal import signal
from stillwatch.signals.work import Work, held, share


@signal(
    axis="intent",
    weight=0.6,
    sees="prompts that turn sensitive questions into safe ones",
    blind_spots="Newsrooms and compliance teams soften texts too.",
    needs=("exchanges.flags",),
    finding="{part:.0%} of its prompts rewrite sensitive questions",
    example=[{"group": 1, "account": 1, "has_text": True, "flags": 256}] * 6 + [{"group": 2, "account": 2, "has_text": True, "flags": 0}] * 6,
    expect={1: 1.0, 2: 0.0},
)
def safe_rewriting(work: Work) -> Any:
    """Share of prompts so flagged; 15% of them already give the full score."""
    part = held(share(_.safe_rewrite, _.texts))
    return work.sums.filter(_.texts > 0).select("group", part=part, score=held(part / 0.15))
