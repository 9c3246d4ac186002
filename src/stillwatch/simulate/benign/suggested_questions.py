"""Users of a product that suggests questions and sends each as a new conversation."""

from __future__ import annotations

import numpy as np

from stillwatch.simulate.accounts import API, HOME, Accounts
from stillwatch.simulate.ordinary_accounts import Setting, ordinary_accounts, pay
from stillwatch.simulate.specs import KINDS, Kind, Population

BUILD = ("Wayside/3.2.0", "electron 37", "Windows x64")
"""The product's program, which everybody runs with a key of their own."""


def build(spec: Population, n: int, setting: Setting, rng: np.random.Generator) -> Accounts:
    """Make strangers with one program, who ask what it suggests in new conversations.

    They are one group in the truth, and tempt model_written: the suggestions are answers to them.
    """
    accounts = ordinary_accounts(spec, n, setting, rng)
    accounts.group[:] = 1
    accounts.client = accounts.other_client = np.full(n, setting.clients.add(*BUILD))
    accounts.plan[:] = API
    pay(accounts, rng)
    accounts.rhythm[:], accounts.burst[:] = HOME, 1.0
    accounts.stay[:], accounts.gap[:] = 0.6, 40.0
    return accounts


KINDS.add(
    "suggested_questions",
    Kind(
        "suggested_questions",
        "benign",
        "Users of a product that suggests questions and sends each as a new conversation.",
        Population,
        build,
    ),
)
