"""Developers who leave an agent running overnight."""

from __future__ import annotations

import numpy as np

from stillwatch.simulate.accounts import NIGHTLY, PLUS, Accounts
from stillwatch.simulate.benign.coding_agent import build as build_agent
from stillwatch.simulate.ordinary_accounts import Setting
from stillwatch.simulate.specs import KINDS, Kind, Population


def build(spec: Population, n: int, setting: Setting, rng: np.random.Generator) -> Accounts:
    """Make users of the popular agent with hundreds of requests in one night, on a plan for one person.

    They tempt round_the_clock, volume, busy accounts and quota_ride.
    """
    accounts = build_agent(spec, n, setting, rng)
    accounts.plan[:] = PLUS
    offset = np.array([r.utc_offset for r in setting.places.regions])[accounts.region]
    accounts.rhythm[:], accounts.weekend[:], accounts.burst[:] = NIGHTLY, 1.0, 2.0
    accounts.shift = np.rint(-offset * 4 + rng.normal(0, 4, n)).astype(np.int64)
    accounts.period = rng.integers(2, 4, n)
    accounts.phase = rng.integers(0, 2, n)
    accounts.rate = accounts.rate * accounts.period
    accounts.stay[:], accounts.gap[:] = 0.98, 8.0
    accounts.sure[:] = -1
    return accounts


KINDS.add(
    "overnight_agent",
    Kind(
        "overnight_agent",
        "benign",
        "Developers who leave an agent at work all night, some nights a week, without a pause.",
        Population,
        build,
    ),
)
