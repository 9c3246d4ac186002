"""Heavy subscribers who use what they pay for."""

from __future__ import annotations

import numpy as np

from stillwatch.simulate.accounts import DAY, PLUS, Accounts
from stillwatch.simulate.ordinary_accounts import Setting, ordinary_accounts, pay
from stillwatch.simulate.plan_limits import REQUESTS_A_DAY
from stillwatch.simulate.specs import KINDS, Kind, Population


def build(spec: Population, n: int, setting: Setting, rng: np.random.Generator) -> Accounts:
    """Make unrelated subscribers at 80 to 110 % of the daily limit of their plan. They tempt quota_ride.

    Their volume follows from the limit, and not from `median`; what goes beyond it was never served, where
    the provider states limits.
    """
    accounts = ordinary_accounts(spec, n, setting, rng)
    accounts.plan[:] = PLUS
    pay(accounts, rng)
    accounts.rate = REQUESTS_A_DAY["plus"] * rng.uniform(0.8, 1.1, n)
    accounts.even[:], accounts.burst[:], accounts.weekend[:] = True, 0.0, 1.0
    accounts.first = np.minimum(accounts.first, setting.end - DAY)
    accounts.stay[:], accounts.gap[:] = 0.8, 45.0
    return accounts


KINDS.add(
    "plan_rider",
    Kind(
        "plan_rider",
        "benign",
        "People with a plan for one person who use nearly all of it, every day.",
        Population,
        build,
    ),
)
