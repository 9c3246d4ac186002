"""People who switch on a free tunnel of a large network, and share its exits with strangers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stillwatch.simulate.accounts import Accounts
from stillwatch.simulate.ordinary_accounts import Setting, ordinary_accounts
from stillwatch.simulate.specs import KINDS, Kind, Population


@dataclass(frozen=True)
class Tunnel(Population):
    """One tunnel with exits in every region."""

    exits: int = 3
    """Its addresses in each region."""


def build(spec: Tunnel, n: int, setting: Setting, rng: np.random.Generator) -> Accounts:
    """Make people who are sometimes behind the tunnel and sometimes at home; one group in the truth.

    They tempt address, subnet, network and network_class.
    """
    accounts = ordinary_accounts(spec, n, setting, rng)
    accounts.group[:] = 1
    regions = len(setting.places.regions)
    network = setting.places.hosters[rng.integers(0, len(setting.places.hosters))]
    exits = setting.places.add(np.full(regions * spec.exits, network), rng).reshape(regions, spec.exits)
    mine = rng.integers(0, spec.exits, n)
    accounts.places[:, 2] = accounts.places[:, 0]
    accounts.places[:, 0] = exits[accounts.region, mine]
    accounts.places[:, 1] = exits[accounts.region, (mine + 1) % spec.exits]
    accounts.place_count[:] = 3
    return accounts


KINDS.add(
    "warp_users",
    Kind(
        "warp_users",
        "benign",
        "Strangers whose free tunnel leaves through a few exits of a large network near them.",
        Tunnel,
        build,
    ),
)
