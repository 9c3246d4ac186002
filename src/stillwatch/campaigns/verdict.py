"""The three axes, and the verdict they give."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stillwatch.registry import SIGNALS
from stillwatch.schema.codes import Direction
from stillwatch.schema.flags import Flag
from stillwatch.schema.values import PLACES
from stillwatch.settings import CampaignSettings


@dataclass(frozen=True)
class Reason:
    """The effect of one signal on an axis."""

    signal: str
    """Its name."""
    direction: Direction
    """Whether it raises or lowers the axis."""
    weight: float
    """Its weight, as registered."""
    score: float
    """Its score for the group, 0 to 1."""
    strength: float
    """The absolute value of weight times score."""


@dataclass(frozen=True)
class Axis:
    """One axis of a verdict."""

    score: float
    """0 to 1."""
    why: tuple[Reason, ...] = ()
    """The signals that move it, strongest first."""


def axis(name: str, scores: Mapping[str, float]) -> Axis:
    """Return the noisy-or of an axis's signals by their weights. scores: of each signal.

    Signals of context with a negative weight lower intent.
    """
    signals = SIGNALS.all()
    doubt = 1.0
    reasons: list[Reason] = []
    for signal, score in scores.items():
        weight = signals[signal].weight
        if signals[signal].axis == name:
            doubt *= 1.0 - weight * score
            reasons.append(_reason(signal, Direction.FOR, weight, score))
    found = 1.0 - doubt
    for signal, score in scores.items():
        weight = signals[signal].weight
        if name == "intent" and signals[signal].axis == "context" and weight < 0:
            found *= 1.0 + weight * score
            reasons.append(_reason(signal, Direction.AGAINST, weight, score))
    told = sorted(
        (reason for reason in reasons if reason.strength > 0), key=lambda r: (-r.strength, r.signal)
    )
    return Axis(round(found, 6), tuple(told))


def _reason(signal: str, direction: Direction, weight: float, score: float) -> Reason:
    return Reason(signal, direction, weight, score, round(abs(weight) * score, PLACES))


@dataclass(frozen=True)
class Standing:
    """What the provider knows about an owner."""

    permit: bool = False
    """A permit covers it."""
    exceeded: bool = False
    """Its use goes clearly beyond that permit."""
    known: bool = False
    """One verified organisation, with fewer exchanges than need a permit."""


def verdict(
    scale: Axis, deception: Axis, intent: Axis, standing: Standing, settings: CampaignSettings
) -> str:
    """Return adversarial, unlicensed, authorised or benign.

    Adversarial is large, intended and hidden. Unlicensed is large, intended, and more than owner or permit
    account for.
    """
    harvests = scale.score >= settings.high and intent.score >= settings.high
    if standing.permit:
        return "unlicensed" if standing.exceeded and harvests else "authorised"
    if not harvests:
        return "benign"
    if deception.score >= settings.high:
        return "adversarial"
    return "benign" if standing.known else "unlicensed"


WORTH_TELLING = 0.02
"""Smaller shares of prompts are not mentioned."""
LABELS = frozenset((flag.name or "").lower() for flag in Flag) - {"evaluation"}
"""What may be extracted; a test question is not."""


def extracting(intents: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]] | None:
    """Return what a group asked for, most first, from its rows of table intents.

    None where the log holds no prompts.
    """
    if not intents:
        return None
    told = [
        {name: row[name] for name in ("label", "share", "low", "high")}
        for row in intents
        if row["label"] in LABELS and row["share"] >= WORTH_TELLING and row["low"] > 0
    ]
    return sorted(told, key=lambda row: (-row["share"], row["label"]))
