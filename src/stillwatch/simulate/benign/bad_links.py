"""Developers in places with bad links, whose programs try again and again."""

from __future__ import annotations

import numpy as np

from stillwatch.simulate.accounts import API, Accounts
from stillwatch.simulate.ordinary_accounts import Setting, ordinary_accounts, pay, phone_addresses
from stillwatch.simulate.specs import KINDS, Kind, Population

DROPPED = (0.4, 0.85)
"""Least and largest share of an account's requests that fail."""


def build(spec: Population, n: int, setting: Setting, rng: np.random.Generator) -> Accounts:
    """Make unrelated people behind a phone network's shared addresses with storms of equal requests.

    They tempt address, volume, even intervals and any rule about error rates.
    """
    accounts = ordinary_accounts(spec, n, setting, rng)
    accounts.plan[:] = API
    pay(accounts, rng)
    accounts.flaky = rng.uniform(*DROPPED, n)
    accounts.at(phone_addresses(accounts.region, setting, rng)[:, None])
    accounts.burst[:], accounts.stay[:], accounts.gap[:] = 0.4, 0.95, 2.0
    return accounts


KINDS.add(
    "bad_links",
    Kind(
        "bad_links",
        "benign",
        "Programs on bad links in one region: most of their requests fail and are sent again within seconds.",
        Population,
        build,
    ),
)
