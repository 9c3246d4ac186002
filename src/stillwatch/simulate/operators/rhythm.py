"""How a campaign's work is distributed over accounts and hours."""

from __future__ import annotations

import numpy as np

from stillwatch.simulate.accounts import BALANCED, DAY, FLAT, WORKDAY, Accounts, Array
from stillwatch.simulate.specs import Campaign

FASTEST = 860.0
RHYTHMS = {"balanced": BALANCED, "workday": WORKDAY, "flat": FLAT}


def set_pace(spec: Campaign, accounts: Accounts, n: int, rng: np.random.Generator) -> None:
    """Set daily rates between 6 (or `slowest`, if less) and 860, as published, that add up to the volume.

    A balancer gives nearly equal shares.
    """
    volume = spec.exchanges * n / spec.accounts
    active = np.maximum(accounts.last - accounts.first, 0) / DAY
    shape = rng.lognormal(0, spec.rate_sigma, n)
    accounts.rate = np.clip(shape * _factor(shape, active, volume, spec.slowest), spec.slowest, FASTEST)
    accounts.rhythm[:] = RHYTHMS[spec.rhythm]
    accounts.even[:] = spec.rhythm == "balanced"
    accounts.burst[:] = 0.0 if spec.rhythm == "balanced" else 6.0
    accounts.weekend[:] = 0.35 if spec.rhythm == "workday" else 1.0
    accounts.shift[:] = round(-spec.utc_offset * 4)
    if spec.rhythm == "balanced":
        accounts.stay[:] = 0.0
    if spec.rhythm == "workday":
        accounts.rate = np.minimum(accounts.rate * 7 / (5 + 2 * 0.35), FASTEST)


def _factor(shape: Array, active: Array, volume: float, slowest: float) -> float:
    """Find the factor at which clipped rates times active days give the volume, by bisection."""
    low, high = 1e-3, 1e5
    for _ in range(80):
        middle = (low * high) ** 0.5
        if (np.clip(shape * middle, slowest, FASTEST) * active).sum() < volume:
            low = middle
        else:
            high = middle
    return high
