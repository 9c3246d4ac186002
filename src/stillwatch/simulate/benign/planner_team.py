"""A small team whose agents plan, and send the steps of their plans on."""

from __future__ import annotations

import numpy as np

from stillwatch.simulate.accounts import API, OFFICE, Accounts
from stillwatch.simulate.benign.office import build as build_office
from stillwatch.simulate.ordinary_accounts import Setting, pay
from stillwatch.simulate.specs import KINDS, Kind, Population

BUILD = ("foreman/0.9.2 OpenAI/Python 2.6.0", "CPython 3.12.3", "Linux x64")
"""The program that plans."""


def build(spec: Population, n: int, setting: Setting, rng: np.random.Generator) -> Accounts:
    """Make colleagues with an account each, behind one office, whose program plans and hands steps on.

    They tempt model_written: some of their prompts are, whole, what an earlier answer to them had written.
    """
    accounts = build_office(spec, n, setting, rng)
    accounts.client = accounts.other_client = np.full(n, setting.clients.add(*BUILD))
    accounts.parameters[:] = setting.clients.named["exact"]
    accounts.plan[:] = API
    pay(accounts, rng)
    accounts.rhythm[:], accounts.burst[:] = OFFICE, 1.0
    accounts.stay[:], accounts.gap[:] = 0.3, 6.0
    return accounts


KINDS.add(
    "planner_team",
    Kind(
        "planner_team",
        "benign",
        "Colleagues whose agents plan, and send steps that the model wrote on as prompts.",
        Population,
        build,
    ),
)
