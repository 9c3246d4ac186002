"""Strangers behind the shared addresses of one carrier."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stillwatch.simulate.accounts import Accounts
from stillwatch.simulate.ordinary_accounts import Setting, neighbours
from stillwatch.simulate.places import pick
from stillwatch.simulate.specs import KINDS, Kind, Population


@dataclass(frozen=True)
class Nat(Population):
    """Each group shares a few addresses."""

    addresses: int = 3
    """Addresses of one group."""


def build(spec: Nat, n: int, setting: Setting, rng: np.random.Generator) -> Accounts:
    """Make people who share only a few addresses in their region."""
    accounts, region_of = neighbours(spec, n, setting, rng)
    network = pick(setting.places.mobiles, region_of, rng)
    pools = np.stack([setting.places.add(network, rng) for _ in range(spec.addresses)], axis=1)
    mine = (rng.integers(0, spec.addresses, n)[:, None] + np.arange(2)) % spec.addresses
    accounts.at(np.take_along_axis(pools[accounts.group - 1], mine, axis=1))
    return accounts


KINDS.add(
    "carrier_nat",
    Kind("carrier_nat", "benign", "Hundreds of strangers behind each address of a carrier.", Nat, build),
)
