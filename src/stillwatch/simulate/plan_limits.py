"""What plans allow in a day, in worlds whose provider states limits."""

from __future__ import annotations

import numpy as np

from stillwatch.simulate.accounts import PLANS, Array
from stillwatch.simulate.specs import Window

REQUESTS_A_DAY = {"free": 30, "plus": 120, "api": 2_500, "team": 240}
"""Requests that a plan allows in a day of UTC; other plans have no limit."""


def stated(window: Window, plan: Array) -> Array:
    """Return the daily limit of requests of each plan number; 0 for none, and where none is stated."""
    if not window.limits:
        return np.zeros(len(plan), np.int64)
    return np.array([REQUESTS_A_DAY.get(name, 0) for name in PLANS], np.int64)[plan]
