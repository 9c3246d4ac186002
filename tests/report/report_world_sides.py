"""Parts of the small run: what its campaigns rest on, marks on its time axis, what could not be seen or
read.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

START = datetime(2026, 2, 1, tzinfo=UTC)


def marks() -> list[dict[str, Any]]:
    """Two releases, and bans in two groups."""
    return [
        {"time": START + timedelta(days=4, hours=15), "kind": "release", "label": "large-4.6", "group": None},
        {
            "time": START + timedelta(days=10, hours=17),
            "kind": "release",
            "label": "large-4.6-fast",
            "group": None,
        },
        {"time": START + timedelta(days=11), "kind": "ban", "label": "14 accounts banned", "group": 1},
        {"time": START + timedelta(days=12), "kind": "ban", "label": "3 accounts banned", "group": 2},
    ]


def blindness() -> list[dict[str, Any]]:
    """A facet and a signal that lacked data."""
    return [
        {
            "kind": "facet",
            "name": "ja4",
            "reason": "no client fingerprint column: give an edge log",
            "share": 1.0,
        },
        {
            "kind": "signal",
            "name": "reasoning_elicitation",
            "reason": "rows without prompt text",
            "share": 0.114,
        },
    ]


def quarantine() -> list[dict[str, Any]]:
    """Rows that could not be read."""
    bad = [
        {
            "file": "day-02.jsonl.zst",
            "row": 400 + i,
            "column": "startTime",
            "reason": "the time cannot be read",
        }
        for i in range(7)
    ]
    return [
        *bad,
        {"file": "day-03.jsonl.zst", "row": 0, "column": None, "reason": "the compressed file ends early"},
    ]


def why(signal: str, weight: float, score: float) -> dict[str, Any]:
    """One reason of an axis."""
    direction = "against" if weight < 0 else "for"
    strength = abs(weight) * score
    return {"signal": signal, "direction": direction, "weight": weight, "score": score, "strength": strength}


def argued(scale: float, deception: float, intent: float) -> dict[str, Any]:
    """What the axes of a campaign rest on, and what was extracted."""
    return {
        "scale_why": [why("volume", 1.0, scale)],
        "deception_why": [why("undeclared_linkage", 0.9, deception)] if deception > 0.5 else [],
        "intent_why": [
            why("reasoning_elicitation", 0.75, intent),
            why("training_coverage", 0.4, intent),
            why("many_end_users", -0.5, 0.4),
        ]
        if intent > 0.5
        else [],
        "extracting": [
            {"label": "grading", "share": 0.41, "low": 0.383, "high": 0.44},
            {"label": "reasoning", "share": 0.2, "low": 0.2, "high": 0.2},
        ],
    }
