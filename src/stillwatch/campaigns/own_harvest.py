"""Which accounts' own prompts show a harvest, and which a group is accused without."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import beta

from stillwatch.campaigns.verdict import axes
from stillwatch.settings import CampaignSettings

HARVESTS = 0.05
"""Share of its prompts that is harvest-like, from which an account counts as one that harvests."""
MISSED = 0.025
"""Chance with which the true share is above an account's interval, and with which it is below."""

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class OwnPrompts:
    """What accounts' own prompts say; neither mask holds where too few of them say it."""

    harvest: Bools
    """Their share of harvest-like prompts is HARVESTS or more."""
    nothing: Bools
    """It is less."""


def own_prompts(texts: Ints, harvest: Ints) -> OwnPrompts:
    """Tell accounts apart by the interval of their share (Clopper and Pearson 1934).

    texts, harvest: prompts of each account, and harvest-like ones among them; shape (accounts,).
    """
    # The beta distribution wants parameters above nothing; both ends are then what the other side allows.
    low = np.where(harvest > 0, beta.ppf(MISSED, np.maximum(harvest, 1), texts - harvest + 1), 0.0)
    high = np.where(harvest < texts, beta.ppf(1.0 - MISSED, harvest + 1, np.maximum(texts - harvest, 1)), 1.0)
    return OwnPrompts(low >= HARVESTS, high < HARVESTS)


def accused(scores: dict[str, float], exchanges: int, settings: CampaignSettings) -> bool:
    """Return whether accounts are large and intended. scores: of their signals."""
    found = axes(scores, exchanges, settings)
    return min(found["scale"].score, found["intent"].score) >= settings.high
