"""Batch jobs: one template of the account's own, distinct inputs, short outputs."""

from __future__ import annotations

import numpy as np

from stillwatch.simulate.accounts import API, NIGHTLY, Accounts
from stillwatch.simulate.ordinary_accounts import Setting, ordinary_accounts, pay
from stillwatch.simulate.specs import KINDS, Kind, Population


def build(spec: Population, n: int, setting: Setting, rng: np.random.Generator) -> Accounts:
    """Make unrelated developers with nightly jobs on rented servers."""
    accounts = ordinary_accounts(spec, n, setting, rng)
    accounts.plan[:] = API
    pay(accounts, rng)
    accounts.rhythm[:], accounts.weekend[:], accounts.burst[:] = NIGHTLY, 1.0, 0.5
    accounts.shift = rng.integers(0, 96, n)
    accounts.stay[:], accounts.gap[:] = 0.98, 2.0
    accounts.places[:, 0] = setting.places.hosted(n, rng)
    accounts.place_count[:] = 1
    return accounts


KINDS.add(
    "batch_classification",
    Kind(
        "batch_classification",
        "benign",
        "Nightly batch jobs: one template, distinct inputs, short outputs.",
        Population,
        build,
    ),
)
