"""Verified researchers whose work looks like a harvest."""

from __future__ import annotations

import numpy as np

from stillwatch.simulate.accounts import API, BUSINESS, FLAT, HOME, Accounts
from stillwatch.simulate.benign.company import declare
from stillwatch.simulate.ordinary_accounts import Setting, instruments, neighbours
from stillwatch.simulate.specs import KINDS, Kind, Population


def build(spec: Population, n: int, setting: Setting, rng: np.random.Generator) -> Accounts:
    """Make members of a declared university, each with a card and a client of its own.

    They tempt every intent signal that reads prompts, round_the_clock and prompt_probing.
    """
    accounts, region_of = neighbours(spec, n, setting, rng)
    clients = accounts.client.copy()
    declare(accounts, region_of, setting, rng, plans=(API, BUSINESS))
    accounts.client, accounts.payment = clients, instruments(n, rng)
    accounts.rhythm = rng.choice([FLAT, HOME], n)
    accounts.weekend[:], accounts.burst[:] = 0.8, 0.5
    accounts.stay[:], accounts.gap[:] = 0.9, 6.0
    return accounts


KINDS.add(
    "verified_researcher",
    Kind(
        "verified_researcher",
        "benign",
        "Researchers of verified universities who elicit, grade and probe in fixed templates.",
        Population,
        build,
    ),
)
