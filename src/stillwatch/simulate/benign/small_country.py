"""Strangers of a country with one carrier."""

from __future__ import annotations

import numpy as np

from stillwatch.simulate.accounts import Accounts
from stillwatch.simulate.ordinary_accounts import Setting, ordinary_accounts, phone_addresses
from stillwatch.simulate.places import pick
from stillwatch.simulate.specs import KINDS, Kind, Population

HOUSEHOLDS = 40


def build(spec: Population, n: int, setting: Setting, rng: np.random.Generator) -> Accounts:
    """Make people whose homes and phones are all behind the shared addresses of few networks.

    They are one group in the truth.
    """
    accounts = ordinary_accounts(spec, n, setting, rng)
    accounts.group[:] = 1
    carrier = pick(setting.places.carriers, accounts.region, rng)
    homes = setting.places.add(carrier[: max(2, n // HOUSEHOLDS)], rng)
    accounts.at(
        np.stack(
            [homes[rng.integers(0, len(homes), n)], phone_addresses(accounts.region, setting, rng)], axis=1
        )
    )
    return accounts


KINDS.add(
    "small_country",
    Kind(
        "small_country",
        "benign",
        "Strangers of a country whose few networks put dozens of homes behind one address.",
        Population,
        build,
    ),
)
