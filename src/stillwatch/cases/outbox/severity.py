"""How grave a message is: one of five words, by what the campaign was found to be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stillwatch.cases.states import Kind

LEVELS = ("info", "low", "medium", "high", "critical")
"""From the least to the gravest; those of OCSF without Fatal."""
OF_VERDICTS: Mapping[str, str] = {"adversarial": "high", "coordinated": "medium", "unlicensed": "low"}
UNSAID = "medium"
"""What is not said counts as this."""


def severity_of(verdict: Any, kind: Any = None) -> str:
    """Return the level of a campaign: robbed customers wait for help, so theirs is high."""
    return "high" if kind == Kind.VICTIM else OF_VERDICTS.get(str(verdict), UNSAID)


def at_least(level: Any, least: str) -> bool:
    """Return whether a level is as grave as another, or graver; what is no level counts as medium."""
    told = level if level in LEVELS else UNSAID
    return LEVELS.index(str(told)) >= LEVELS.index(least)
