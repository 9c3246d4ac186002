"""How a campaign's work is dealt out over accounts and hours."""

from __future__ import annotations

import numpy as np

from stillwatch.range.cast import BALANCED, DAY, FLAT, WORKDAY, Array, Cast
from stillwatch.range.specs import Campaign

FASTEST = 860.0
RHYTHMS = {"balanced": BALANCED, "workday": WORKDAY, "flat": FLAT}


def set_pace(spec: Campaign, cast: Cast, n: int, rng: np.random.Generator) -> None:
    """Daily rates within the published 6 (unless `slowest` says less) to 860 that add up to the campaign's
    volume; a balancer deals nearly equal shares.
    """
    volume = spec.exchanges * n / spec.accounts
    active = np.maximum(cast.last - cast.first, 0) / DAY
    shape = rng.lognormal(0, spec.rate_sigma, n)
    cast.rate = np.clip(shape * _factor(shape, active, volume, spec.slowest), spec.slowest, FASTEST)
    cast.rhythm[:] = RHYTHMS[spec.rhythm]
    cast.even[:] = spec.rhythm == "balanced"
    cast.burst[:] = 0.0 if spec.rhythm == "balanced" else 6.0
    cast.weekend[:] = 0.35 if spec.rhythm == "workday" else 1.0
    cast.shift[:] = round(-spec.utc_offset * 4)
    if spec.rhythm == "balanced":
        cast.stay[:] = 0.0
    if spec.rhythm == "workday":
        cast.rate = np.minimum(cast.rate * 7 / (5 + 2 * 0.35), FASTEST)


def _factor(shape: Array, active: Array, volume: float, slowest: float) -> float:
    """The factor at which clipped rates times active days give the volume, by bisection."""
    low, high = 1e-3, 1e5
    for _ in range(80):
        middle = (low * high) ** 0.5
        if (np.clip(shape * middle, slowest, FASTEST) * active).sum() < volume:
            low = middle
        else:
            high = middle
    return high
