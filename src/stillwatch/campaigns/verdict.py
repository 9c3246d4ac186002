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


PURPOSE = 0.25
"""What signals of purpose must carry of intent before shape may carry it above `high`."""
TOGETHER = 0.5
"""Score of signal in_a_room from which the accounts are people in one place at one time."""
BELOW = 0.01
"""An axis that may not be high is held so far below it."""


def axes(scores: Mapping[str, float], exchanges: int, settings: CampaignSettings) -> dict[str, Axis]:
    """Return scale, deception and intent. scores: of each signal. exchanges: of the group.

    Scale is not high below `industrial_exchanges`, whatever else is industrial about the group. Intent is not
    high where only the shape of the traffic speaks for it: a relay of people's chats is as even, as long and
    as tireless as a harvest.
    """
    found = {name: axis(name, scores) for name in ("scale", "deception", "intent")}
    if exchanges < settings.industrial_exchanges:
        found["scale"] = _held(found["scale"], settings.high)
    purpose = {name: score for name, score in scores.items() if not SIGNALS.all()[name].shape}
    if axis("intent", purpose).score < PURPOSE:
        found["intent"] = _held(found["intent"], settings.high)
    return found


def _held(found: Axis, high: float) -> Axis:
    return Axis(min(found.score, max(high - BELOW, 0.0)), found.why)


def axis(name: str, scores: Mapping[str, float]) -> Axis:
    """Return the noisy-or of an axis's signals by their weights. scores: of each signal.

    Signals of the axis with a negative weight lower it, and those of context lower intent.
    """
    signals = SIGNALS.all()
    doubt = 1.0
    reasons: list[Reason] = []
    lowering: list[tuple[str, float, float]] = []
    for signal, score in scores.items():
        weight = signals[signal].weight
        of = "intent" if signals[signal].axis == "context" else signals[signal].axis
        if of != name:
            continue
        if weight < 0:
            lowering.append((signal, weight, score))
        elif signals[signal].axis == name:
            doubt *= 1.0 - weight * score
            reasons.append(_reason(signal, Direction.FOR, weight, score))
    found = 1.0 - doubt
    for signal, weight, score in lowering:
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
    assessable: bool = True
    """The log holds prompts, so that what they are for can be told."""
    together: bool = False
    """People in one place at one time, such as a class: they act as one and hide nothing."""


def verdict(
    scale: Axis, deception: Axis, intent: Axis, standing: Standing, settings: CampaignSettings
) -> str:
    """Return adversarial, coordinated, unlicensed, authorised or benign.

    Adversarial is large, intended and hidden. Coordinated is large and hidden, with no purpose shown: a
    relay, a farm of accounts, a vendor, or a harvest whose prompts the log does not hold. Unlicensed is
    large, intended, and more than owner or permit account for.
    """
    large, hidden = scale.score >= settings.high, deception.score >= settings.high
    harvests = large and standing.assessable and intent.score >= settings.high
    if standing.permit:
        return "unlicensed" if standing.exceeded and harvests else "authorised"
    if harvests:
        if hidden:
            return "adversarial"
        return "benign" if standing.known else "unlicensed"
    return "coordinated" if large and hidden and not standing.together else "benign"


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
