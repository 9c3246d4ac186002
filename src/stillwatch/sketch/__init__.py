"""Requests -> sketches. This is the last stage that sees people's words."""

from __future__ import annotations

from stillwatch.sketch.accounts import sketch_accounts
from stillwatch.sketch.batch import Sketched, account_keys, sketch
from stillwatch.sketch.edge import sketch_edge
from stillwatch.sketch.frames import frame_of, head_of, prompts_of
from stillwatch.sketch.intent import load_intent

__all__ = [
    "Sketched",
    "account_keys",
    "frame_of",
    "head_of",
    "load_intent",
    "prompts_of",
    "sketch",
    "sketch_accounts",
    "sketch_edge",
]
