"""Hobbyists who run one open pipeline for synthetic data with its defaults."""

from __future__ import annotations

import numpy as np

from stillwatch.simulate.accounts import API, DAY, HOME, Accounts
from stillwatch.simulate.ordinary_accounts import Setting, ordinary_accounts, pay
from stillwatch.simulate.specs import KINDS, Kind, Population

BUILDS = (
    ("synthkit/1.3.0 OpenAI/Python 2.11.0", "CPython 3.11.11"),
    ("synthkit/1.2.4 OpenAI/Python 2.6.0", "CPython 3.12.3"),
    ("synthkit/1.2.4 OpenAI/Python 2.6.0", "CPython 3.11.11"),
)


def build(spec: Population, n: int, setting: Setting, rng: np.random.Generator) -> Accounts:
    """Make strangers with identical harvest templates, tool and parameters, each on some days of its own.

    They are one group in the truth.
    """
    accounts = ordinary_accounts(spec, n, setting, rng)
    accounts.group[:] = 1
    builds = np.array(
        [
            setting.clients.add(agent, runtime, system)
            for agent, runtime in BUILDS
            for system in ("Linux x64", "MacOS arm64")
        ]
    )
    accounts.client = accounts.other_client = builds[(len(builds) * rng.random(n) ** 1.5).astype(np.int64)]
    accounts.parameters[:] = setting.clients.named["synthkit"]
    accounts.plan[:] = API
    pay(accounts, rng)
    life = (rng.uniform(1.5, 6, n) * DAY).astype(np.int64)
    latest = np.maximum(setting.end - life, accounts.first)
    accounts.first = accounts.first + ((latest - accounts.first) * rng.random(n)).astype(np.int64)
    accounts.last = np.minimum(
        np.where(accounts.banned > 0, accounts.banned, setting.end), accounts.first + life
    )
    accounts.first = np.minimum(accounts.first, accounts.last - DAY // 24)
    accounts.rate = accounts.rate * setting.days * DAY / np.maximum(accounts.last - accounts.first, DAY // 4)
    accounts.sure = (accounts.first - setting.start) // DAY
    accounts.rhythm[:], accounts.burst[:] = HOME, 1.0
    accounts.stay[:], accounts.gap[:] = 0.95, 3.0
    return accounts


KINDS.add(
    "hobby_pipeline",
    Kind(
        "hobby_pipeline",
        "benign",
        "Hobbyists who make synthetic data with one open pipeline's default prompts.",
        Population,
        build,
    ),
)
