"""Declared safety testers: many tricks, mostly refused."""

from __future__ import annotations

import numpy as np

from stillwatch.simulate.accounts import BUSINESS, ENTERPRISE, OFFICE, Accounts
from stillwatch.simulate.benign.company import declare
from stillwatch.simulate.ordinary_accounts import Setting, neighbours
from stillwatch.simulate.specs import KINDS, Kind, Population


def build(spec: Population, n: int, setting: Setting, rng: np.random.Generator) -> Accounts:
    """Make verified organisations whose accounts try thousands of variants.

    They keep those that worked in a suite that they run again.
    """
    accounts, region_of = neighbours(spec, n, setting, rng)
    declare(accounts, region_of, setting, rng, plans=(BUSINESS, ENTERPRISE), hosted=True)
    accounts.rhythm[:], accounts.weekend[:], accounts.burst[:] = OFFICE, 0.3, 0.6
    accounts.stay[:], accounts.gap[:] = 0.93, 4.0
    accounts.model = np.arange(n) % len(setting.models)
    accounts.adopts[:], accounts.adopt_hours[:] = 0.7, 24.0
    return accounts


KINDS.add(
    "red_team",
    Kind(
        "red_team",
        "benign",
        "Declared testers of safety: many tricks, most of them refused, and a suite of those that worked.",
        Population,
        build,
    ),
)
