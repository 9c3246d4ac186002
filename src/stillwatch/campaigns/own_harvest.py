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
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class OwnPrompts:
    """What accounts' own prompts say; neither mask holds where too few of them say it."""

    harvest: Bools
    """Their share of harvest-like prompts is HARVESTS or more."""
    nothing: Bools
    """It is less."""


def below_most(texts: Ints, harvest: Ints, group: Ints, harvesting: Bools) -> Bools:
    """Mark accounts whose share, by its interval, is below that of the median harvesting one of their group.

    Whoever wraps a harvest in the words of somebody's tool shares them with all who use it, however few
    prompts these have. texts, harvest, group: of each account; harvesting: those that harvest; shape
    (accounts,).
    """
    shares = harvest / np.maximum(texts, 1)
    usual = np.zeros(len(texts))
    for number in np.unique(group[harvesting]):
        mine = group == number
        usual[mine] = np.median(shares[mine & harvesting])
    return np.asarray(_ends(texts, harvest)[1] < usual)


def own_prompts(texts: Ints, harvest: Ints) -> OwnPrompts:
    """Tell accounts apart by the interval of their share (Clopper and Pearson 1934).

    texts, harvest: prompts of each account, and harvest-like ones among them; shape (accounts,).
    """
    low, high = _ends(texts, harvest)
    return OwnPrompts(low >= HARVESTS, high < HARVESTS)


def _ends(texts: Ints, harvest: Ints) -> tuple[Floats, Floats]:
    """Return both ends of the interval of each share."""
    # The beta distribution wants parameters above nothing; both ends are then what the other side allows.
    low = np.where(harvest > 0, beta.ppf(MISSED, np.maximum(harvest, 1), texts - harvest + 1), 0.0)
    high = np.where(harvest < texts, beta.ppf(1.0 - MISSED, harvest + 1, np.maximum(texts - harvest, 1)), 1.0)
    return low, high


def accused(scores: dict[str, float], exchanges: int, settings: CampaignSettings) -> bool:
    """Return whether accounts are large and intended. scores: of their signals."""
    found = axes(scores, exchanges, settings)
    return min(found["scale"].score, found["intent"].score) >= settings.high
