"""Developers whose coding agents work in tight loops with tools."""

from __future__ import annotations

import numpy as np

from stillwatch.simulate.accounts import API, OFFICE, Accounts
from stillwatch.simulate.ordinary_accounts import Setting, ordinary_accounts, pay
from stillwatch.simulate.specs import KINDS, Kind, Population

BUILDS = (
    ("harness-cli/2.1.4", "node v22.12.0"),
    ("harness-cli/2.1.1", "node v20.18.1"),
    ("harness-cli/2.0.9", "node v24.2.0"),
)


def build(spec: Population, n: int, setting: Setting, rng: np.random.Generator) -> Accounts:
    """Make developers with the same popular agent: one system prompt, one tool set, long contexts."""
    accounts = ordinary_accounts(spec, n, setting, rng)
    systems = ("MacOS arm64", "Linux x64", "Windows x64")
    builds = np.array(
        [setting.clients.add(agent, runtime, system) for agent, runtime in BUILDS for system in systems]
    )
    accounts.client = builds[(len(builds) * rng.random(n) ** 1.5).astype(np.int64)]
    accounts.plan[:] = API
    pay(accounts, rng)
    accounts.rhythm[:], accounts.weekend, accounts.burst[:] = OFFICE, rng.choice([0.2, 0.9], n), 0.6
    accounts.stay[:], accounts.gap[:] = 0.96, 12.0
    accounts.adopts, accounts.adopt_hours = rng.choice([0.1, 0.9], n), rng.uniform(6, 150, n)
    return accounts


KINDS.add(
    "coding_agent",
    Kind(
        "coding_agent",
        "benign",
        "Developers whose coding agents loop with tools and long contexts.",
        Population,
        build,
    ),
)
