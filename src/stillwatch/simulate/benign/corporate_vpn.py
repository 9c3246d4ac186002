"""Staff of many firms behind the exits of one vendor's private network."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stillwatch.simulate.accounts import OFFICE, Accounts
from stillwatch.simulate.ordinary_accounts import Setting, neighbours, own_domains
from stillwatch.simulate.specs import KINDS, Kind, Population


@dataclass(frozen=True)
class CorporateVpn(Population):
    """Each group is one firm; the exits belong to all of them."""

    exits: int = 6
    """Addresses of the vendor, whatever the number of its firms."""


def build(spec: CorporateVpn, n: int, setting: Setting, rng: np.random.Generator) -> Accounts:
    """Make people with work mail and accounts of their own who leave through a hosting network all day.

    They tempt address, subnet, network_class and mail_domain.
    """
    accounts, region_of = neighbours(spec, n, setting, rng)
    of = accounts.group - 1
    network = setting.places.hosters[rng.integers(0, len(setting.places.hosters))]
    exits = setting.places.add(np.full(spec.exits, network), rng)
    accounts.at(exits[(rng.integers(0, spec.exits, len(region_of))[of][:, None] + np.arange(2)) % spec.exits])
    accounts.domain = np.where(
        rng.random(n) < 0.8, setting.domains.all(own_domains(len(region_of), rng))[of], accounts.domain
    )
    accounts.rhythm[:], accounts.weekend[:] = OFFICE, 0.2
    return accounts


KINDS.add(
    "corporate_vpn",
    Kind(
        "corporate_vpn",
        "benign",
        "Staff of many firms who must all go through the few exits of one vendor's network.",
        CorporateVpn,
        build,
    ),
)
