"""From held-out scores to probabilities and thresholds, and the uncertainty of the rates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.stats import beta, rankdata

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
FALSE_SHARE = {"harvest": 0.0025, "label": 0.0015}
"""Share of exchanges without any label, held out and balanced by source, that the threshold flags."""
SHRINK = 0.02
"""Penalty of the squared slope's distance from 1."""
LEVEL = 0.05


@dataclass(frozen=True)
class Rate:
    """A share of groups with its exact interval at 95 % (Clopper and Pearson 1934).

    Rows of one group count as one.
    """

    share: float
    """The mean over groups of the share of their rows."""
    low: float
    """Lower end."""
    high: float
    """Upper end."""
    groups: int
    """Number of groups."""


def platt(scores: Floats, positive: Mask, weights: Floats) -> tuple[float, float]:
    """Return slope and intercept that turn scores into logits at even odds (Platt 1999).

    Both classes weigh the same.
    """
    weight = weights.copy()
    for side in (positive, ~positive):
        weight[side] /= max(weight[side].sum(), 1e-12)

    def loss(at: Floats) -> float:
        logits = at[0] * scores + at[1]
        return float(
            (weight * (np.logaddexp(0.0, logits) - positive * logits)).sum() + SHRINK * (at[0] - 1.0) ** 2
        )

    done: Any = minimize(loss, np.array([1.0, 0.0]), method="L-BFGS-B", bounds=[(0.05, 20.0), (-20.0, 20.0)])
    return float(done.x[0]), float(done.x[1])


def threshold(scores: Floats, weights: Floats, share: float) -> float:
    """Return the score that only this weighted share of the scores reaches."""
    order = np.argsort(-scores, kind="stable")
    above = np.cumsum(weights[order]) / weights.sum()
    place = min(int(np.searchsorted(above, share, side="right")), len(order) - 1)
    return float(np.nextafter(scores[order[place]], np.inf))


def rate(hits: Mask, groups: npt.NDArray[Any]) -> Rate:
    """Return the share of groups that are hit."""
    if not len(hits):
        return Rate(0.0, 0.0, 1.0, 0)
    numbers = np.unique(groups, return_inverse=True)[1]
    n = int(numbers.max()) + 1
    found = float((np.bincount(numbers, hits, n) / np.bincount(numbers, minlength=n)).sum())
    low = float(beta.ppf(LEVEL / 2, found, n - found + 1)) if found > 0 else 0.0
    high = float(beta.ppf(1 - LEVEL / 2, found + 1, n - found)) if found < n else 1.0
    return Rate(found / n, low, high, n)


def auroc(positive: Floats, negative: Floats) -> float:
    """Return the chance that a positive scores above a negative; half for ties.

    Not a number if either is missing.
    """
    if not len(positive) or not len(negative):
        return float("nan")
    ranks = rankdata(np.concatenate([positive, negative]))[: len(positive)]
    return float((ranks.sum() - len(positive) * (len(positive) + 1) / 2) / (len(positive) * len(negative)))
