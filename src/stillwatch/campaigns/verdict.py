"""The three axes, and the verdict they give."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stillwatch.registry import SIGNALS
from stillwatch.settings import CampaignSettings


@dataclass(frozen=True)
class Axis:
    """One axis of a verdict."""

    score: float
    """0 to 1."""
    why: str
    """The findings behind the score, strongest first."""


@dataclass(frozen=True)
class Finding:
    """One signal's score for a group."""

    score: float
    """0 to 1."""
    text: str
    """The score as a sentence."""


def axis(name: str, findings: Mapping[str, Finding]) -> Axis:
    """Return the noisy-or of an axis's signals by their weights.

    Signals of context with a negative weight lower intent.
    """
    signals = SIGNALS.all()
    doubt = 1.0
    parts: list[tuple[float, str]] = []
    for signal, finding in findings.items():
        if signals[signal].axis == name:
            doubt *= 1.0 - signals[signal].weight * finding.score
            parts.append((signals[signal].weight * finding.score, finding.text))
    score = 1.0 - doubt
    if name == "intent":
        for signal, finding in findings.items():
            weight = signals[signal].weight
            if signals[signal].axis == "context" and weight < 0:
                score *= 1.0 + weight * finding.score
                if weight * finding.score < -0.1:
                    parts.append((-weight * finding.score, f"but {finding.text}"))
    told = [
        text for strength, text in sorted(parts, key=lambda part: (-part[0], part[1])) if strength >= 0.05
    ][:4]
    return Axis(round(score, 6), "; ".join(told) or "nothing found")


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
ASKS = (
    ("trace_cleaning", "reasoning traces to be cleaned or completed"),
    ("reasoning", "written-out reasoning"),
    ("trajectory", "trajectories of tool use"),
    ("grading", "grades against rubrics"),
    ("judge", "verdicts of a judge or reward model"),
    ("preference", "preferences between answers"),
    ("generation", "new instructions and tasks"),
    ("rewriting", "rewritten or hardened instructions"),
    ("safe_rewrite", "politically safe rewrites"),
    ("technique", "answers past the safeguards"),
    ("system_prompt", "the system prompt"),
    ("agentic", "tool use and code"),
)


def extracting(intents: Sequence[Mapping[str, Any]]) -> str:
    """Describe what a group asked for in a sentence, from its rows of table intents."""
    if not intents:
        return "not known: the log holds no prompts"
    asked = {row["label"]: row for row in intents}
    shares = sorted(
        ((asked[label]["share"], words, asked[label]) for label, words in ASKS if label in asked),
        key=lambda item: (-item[0], item[1]),
    )
    told = [
        f"{words}: {part:.0%} of prompts ({_range(row)})"
        for part, words, row in shares
        if part >= WORTH_TELLING and row["low"] > 0
    ]
    return "; ".join(told) if told else "answers to ordinary questions"


def _range(row: Mapping[str, Any]) -> str:
    """Format an interval in per cent, 38 to 44%, with a dash between."""
    return f"{100 * row['low']:.0f}\N{EN DASH}{100 * row['high']:.0f}%"
