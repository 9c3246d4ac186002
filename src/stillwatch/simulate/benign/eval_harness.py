"""Laboratories that loop over benchmark questions: the hardest benign look-alike."""

from __future__ import annotations

import numpy as np

from stillwatch.simulate.accounts import BUSINESS, FLAT, Accounts
from stillwatch.simulate.benign.company import declare
from stillwatch.simulate.ordinary_accounts import Setting, neighbours
from stillwatch.simulate.specs import KINDS, Kind, Population


def build(spec: Population, n: int, setting: Setting, rng: np.random.Generator) -> Accounts:
    """Make declared laboratories: fixed questions over several models and days, in loops, from servers."""
    accounts, region_of = neighbours(spec, n, setting, rng)
    declare(accounts, region_of, setting, rng, plans=(BUSINESS,), hosted=True)
    client = setting.clients.add("lm-eval/0.4.9 aiohttp/3.13.2", "CPython 3.11.11", "Linux x64")
    accounts.client[:] = accounts.other_client[:] = client
    accounts.rhythm[:], accounts.weekend[:], accounts.burst[:] = FLAT, 1.0, 0.3
    accounts.stay[:], accounts.gap[:] = 0.97, 1.5
    accounts.model = np.arange(n) % len(setting.models)
    accounts.adopts[:] = 0.5
    accounts.adopt_hours[:] = 48.0
    return accounts


KINDS.add(
    "eval_harness",
    Kind(
        "eval_harness",
        "benign",
        "Declared laboratories that loop over fixed benchmark questions.",
        Population,
        build,
    ),
)
