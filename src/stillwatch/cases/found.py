"""What a run says of a campaign, as far as a case shows it, judges it, and tells whether it changed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from stillwatch.cases.states import Kind
from stillwatch.iso_time import iso
from stillwatch.run.reading import Row, Run
from stillwatch.schema.codes import Direction, Role

AXES = ("scale", "deception", "intent")
HARVESTING = ("adversarial", "coordinated", "unlicensed")
"""Verdicts that make a case; a licensee is listed so that its use can be watched, and is none."""


def kind_of(campaign: Row) -> Kind:
    """Return what a case about a campaign is about."""
    if campaign["role"] == Role.VICTIM:
        return Kind.VICTIM
    if campaign["verdict"] == "unlicensed":
        return Kind.UNLICENSED
    if campaign["role"] == Role.OPERATOR and campaign["verdict"] == "adversarial":
        return Kind.OPERATOR
    return Kind.COORDINATED


def found_of(run: Run, campaign: Row) -> dict[str, Any]:
    """Return the facts of a campaign as JSON keeps them: numbers, verdict, signals, families, ends."""
    evidence = run.rows("evidence", campaign["group"])
    return {
        "run": str(run.about.get("id") or ""),
        "digest": str(run.about.get("digest") or ""),
        "last_of_run": str(run.about.get("last") or run.about.get("made") or ""),
        "campaign": campaign["campaign"],
        "verdict": campaign["verdict"],
        "role": campaign["role"],
        "formed": campaign["kind"],
        **{name: campaign[name] for name in ("named", "present", "near", "at_least", "exchanges")},
        **{name: campaign[name] for name in ("input_tokens", "output_tokens")},
        **{axis: _number(campaign[axis]) for axis in AXES},
        "log_e_value": _number(campaign["log_e_value"]),
        "first": iso(campaign["first"]),
        "last": iso(campaign["last"]),
        "signals": signals_of(campaign),
        "families": families_of(evidence),
    }


def signals_of(campaign: Row) -> list[str]:
    """Return the signals that carry a verdict, sorted."""
    return sorted(
        {
            reason["signal"]
            for axis in AXES
            for reason in campaign[f"{axis}_why"] or ()
            if reason["direction"] == Direction.FOR and reason["strength"] > 0
        }
    )


def families_of(evidence: Sequence[Row]) -> list[str]:
    """Return the families of facets that speak for a group, sorted."""
    return sorted({row["family"] for row in evidence if row["nats"] > 0})


def _number(value: Any) -> Any:
    """JSON has no word for an infinite number."""
    return None if value is None or not math.isfinite(value) else value
