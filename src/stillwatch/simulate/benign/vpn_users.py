"""Strangers behind the few exits of one consumer VPN."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stillwatch.simulate.accounts import Accounts
from stillwatch.simulate.ordinary_accounts import Setting, ordinary_accounts
from stillwatch.simulate.specs import KINDS, Kind, Population


@dataclass(frozen=True)
class Vpn(Population):
    """One VPN."""

    exits: int = 9
    """Its addresses, whatever the number of its users."""


def build(spec: Vpn, n: int, setting: Setting, rng: np.random.Generator) -> Accounts:
    """Make people of all regions whose traffic comes from a few addresses that operators use too.

    They are one group in the truth.
    """
    accounts = ordinary_accounts(spec, n, setting, rng)
    accounts.group[:] = 1
    exits = setting.places.add(np.full(spec.exits, rng.choice(setting.places.vpns)), rng)
    accounts.at(exits[(rng.integers(0, spec.exits, n)[:, None] + np.arange(3)) % spec.exits])
    return accounts


KINDS.add(
    "vpn_users",
    Kind(
        "vpn_users",
        "benign",
        "Strangers of all regions behind the few exits of one consumer VPN.",
        Vpn,
        build,
    ),
)
