"""Users of one stock agent with its own prompts, tools and parameters."""

from __future__ import annotations

import numpy as np

from stillwatch.simulate.accounts import API, OFFICE, PLUS, Accounts
from stillwatch.simulate.ordinary_accounts import Setting, ordinary_accounts, pay
from stillwatch.simulate.specs import KINDS, Kind, Population

VERSIONS = ("fielder-cli/0.48.2", "fielder-cli/0.47.0", "fielder-cli/0.46.1")
RUNTIMES = ("node v22.12.0", "node v20.19.2")
SYSTEMS = ("MacOS arm64", "Linux x64", "Windows x64")
PARAMETERS = {"max_tokens": 32000, "stream": True}


def build(spec: Population, n: int, setting: Setting, rng: np.random.Generator) -> Accounts:
    """Make strangers whose requests say what the agent says; they are one group in the truth.

    They tempt shingle, tools, head, tail and parameters: a campaign that runs the agent has the same ones.
    """
    accounts = ordinary_accounts(spec, n, setting, rng)
    accounts.group[:] = 1
    builds = np.array(
        [
            setting.clients.add(agent, runtime, system)
            for agent in VERSIONS
            for runtime in RUNTIMES
            for system in SYSTEMS
        ]
    )
    accounts.client = builds[(len(builds) * rng.random(n) ** 1.7).astype(np.int64)]
    accounts.other_client[:] = accounts.client
    accounts.parameters[:] = setting.clients.add_parameters(PARAMETERS)
    accounts.plan = rng.choice([PLUS, API], n, p=[0.4, 0.6])
    pay(accounts, rng)
    accounts.rhythm[:], accounts.weekend, accounts.burst[:] = OFFICE, rng.choice([0.2, 0.9], n), 0.6
    accounts.stay[:], accounts.gap[:] = 0.95, 12.0
    return accounts


KINDS.add(
    "stock_agent",
    Kind(
        "stock_agent",
        "benign",
        "Users of one stock agent, whose tools, first and last words and parameters are the agent's.",
        Population,
        build,
    ),
)
