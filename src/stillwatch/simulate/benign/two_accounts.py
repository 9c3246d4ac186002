"""People with an account for work and one of their own."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from stillwatch.simulate.accounts import HOME, OFFICE, Accounts
from stillwatch.simulate.ordinary_accounts import Setting, neighbours, own_domains
from stillwatch.simulate.specs import KINDS, Kind, Population


def build(spec: Population, n: int, setting: Setting, rng: np.random.Generator) -> Accounts:
    """Make pairs of accounts with one device, one home and one client, but other mail and cards.

    Each id of an end user names the device and the account's own id. They tempt device, address, client and
    handover; a pair is no campaign.
    """
    accounts, region_of = neighbours(replace(spec, group_min=2, group_max=2), n, setting, rng)
    of = accounts.group - 1
    second = np.arange(n) % 2 == 1
    partner = np.flatnonzero(second)
    accounts.places[partner] = accounts.places[partner - 1]
    accounts.place_count[partner] = accounts.place_count[partner - 1]
    accounts.client[partner] = accounts.client[partner - 1]
    accounts.other_client[:] = accounts.client
    accounts.language[partner] = accounts.language[partner - 1]
    accounts.device = 1 + rng.integers(0, 1 << 39, len(region_of))[of]
    accounts.domain = np.where(
        second, setting.domains.all(own_domains(len(region_of), rng))[of], accounts.domain
    )
    accounts.rhythm = np.where(second, OFFICE, HOME)
    accounts.weekend = np.where(second, 0.2, 1.2)
    return accounts


KINDS.add(
    "two_accounts",
    Kind(
        "two_accounts",
        "benign",
        "People with two accounts, for work and private, on one machine.",
        Population,
        build,
    ),
)
