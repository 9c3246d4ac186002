"""Strangers who run one popular framework with its defaults."""

from __future__ import annotations

import numpy as np

from stillwatch.simulate.accounts import API, FLAT, HOME, OFFICE, Accounts
from stillwatch.simulate.ordinary_accounts import Setting, ordinary_accounts, pay
from stillwatch.simulate.specs import KINDS, Kind, Population

VERSIONS = (
    "crewline/0.61.0 OpenAI/Python 2.14.0",
    "crewline/0.60.2 OpenAI/Python 2.11.0",
    "crewline/0.58.0 OpenAI/Python 2.6.0",
)
RUNTIMES = ("CPython 3.12.8", "CPython 3.11.11", "CPython 3.13.1")
SYSTEMS = ("Linux x64", "MacOS arm64", "Windows x64")


def build(spec: Population, n: int, setting: Setting, rng: np.random.Generator) -> Accounts:
    """Make unrelated developers with one default system prompt, tool set, user agent and parameters.

    They are one group in the truth.
    """
    accounts = ordinary_accounts(spec, n, setting, rng)
    accounts.group[:] = 1
    builds = np.array([setting.clients.add(v, r, s) for v in VERSIONS for r in RUNTIMES for s in SYSTEMS])
    accounts.client = accounts.other_client = builds[(len(builds) * rng.random(n) ** 2).astype(np.int64)]
    accounts.parameters[:] = setting.clients.named["crewline"]
    accounts.plan[:] = API
    pay(accounts, rng)
    accounts.rhythm = rng.choice([HOME, OFFICE, FLAT], n, p=[0.3, 0.4, 0.3])
    accounts.stay[:], accounts.gap[:] = 0.9, 10.0
    hosted = rng.random(n) < 0.4
    accounts.places[hosted, 0] = setting.places.hosted(int(hosted.sum()), rng)
    return accounts


KINDS.add(
    "framework_default",
    Kind(
        "framework_default",
        "benign",
        "Strangers with a popular framework's default system prompt, tools, user agent and parameters.",
        Population,
        build,
    ),
)
