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
        {"time": START + timedelta(days=11), "kind": "ban", "label": "14 banned", "group": 1, "accounts": 14},
        {"time": START + timedelta(days=12), "kind": "ban", "label": "3 banned", "group": 2, "accounts": 3},
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


BESIDE = (5, 2)
"""Accounts of a linked group that are only present, and those near it."""


def role_of(verdict: str, size: int, beside: tuple[int, int]) -> dict[str, Any]:
    """Who is behind a campaign, and its accounts by tier."""
    reason = {"code": "harvest", "accounts": 0, "of": size, "score": 0.0}
    bad = verdict in ("adversarial", "unlicensed")
    return {
        "role": "operator" if bad else "",
        "role_why": [reason] if bad else [],
        "named": size,
        "present": beside[0],
        "near": beside[1],
    }


def tier_of(past: int, kind: str) -> dict[str, Any]:
    """The tier of an account. past: its place behind the members, from 0; below 0 for members."""
    if past < 0:
        return {"tier": "named", "reason": "both" if kind == "linked" else "not-linked"}
    if past < BESIDE[0]:
        return {"tier": "present", "reason": "like-its-client"}
    return {"tier": "near", "reason": "little-shared"}


def registered(member: dict[str, Any]) -> dict[str, Any]:
    """What the accounts file says of an account: of every seventh one nothing."""
    name = {"account": member["account"], "account_id": member["account_id"]}
    place = int(member["account_id"][-5:])
    if place % 7 == 6:
        return name
    return name | {
        "plan": "pro" if place % 2 else "trial",
        "created": START - timedelta(days=3, minutes=place),
        "verification": "phone",
        "payment": (place // 6 + 1) * 2_654_435_761_000_003,
        "banned": START + timedelta(days=11, minutes=place) if place % 5 == 0 else None,
    }


def used(member: dict[str, Any]) -> dict[str, Any]:
    """What an account used; of every ninth one the log says no cost, and of every eleventh one only some."""
    exchanges, place = member["exchanges"], int(member["account_id"][-5:])
    priced = 0 if place % 9 == 8 else exchanges - 5 if place % 11 == 3 else exchanges
    return {
        "account": member["account"],
        "models": ["large-4.6", "small-1"],
        "exchanges": exchanges,
        "top_exchanges": exchanges - 1,
        "input_tokens": exchanges * 310,
        "output_tokens": exchanges * 1240,
        "spend": priced * 4_100 if priced else None,
        "priced": priced,
        "days": 9,
    }
