"""Declared resellers: few accounts, very many end users."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stillwatch.simulate.accounts import ENTERPRISE, HOME, Accounts
from stillwatch.simulate.benign.company import declare
from stillwatch.simulate.ordinary_accounts import Setting, neighbours
from stillwatch.simulate.specs import KINDS, Kind, Population


@dataclass(frozen=True)
class Reseller(Population):
    """Each account serves end users of its own."""

    end_users: int = 4000
    """End users of one account."""


def build(spec: Reseller, n: int, setting: Setting, rng: np.random.Generator) -> Accounts:
    """Make a reseller's accounts: diverse words and languages, end-user ids passed on, server addresses."""
    accounts, region_of = neighbours(spec, n, setting, rng)
    declare(accounts, region_of, setting, rng, plans=(ENTERPRISE,), hosted=True)
    accounts.end_users[:] = spec.end_users
    accounts.rhythm[:], accounts.weekend[:], accounts.burst[:] = HOME, 1.1, 3.0
    accounts.stay[:], accounts.gap[:] = 0.4, 40.0
    accounts.adopts[:], accounts.adopt_hours[:] = 0.3, 200.0
    return accounts


KINDS.add(
    "reseller",
    Kind("reseller", "benign", "A declared reseller that passes on many end users.", Reseller, build),
)
