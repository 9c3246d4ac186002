"""Strangers who all use one popular public prompt."""

from __future__ import annotations

import numpy as np

from stillwatch.simulate.accounts import Accounts
from stillwatch.simulate.ordinary_accounts import Setting, ordinary_accounts
from stillwatch.simulate.specs import KINDS, Kind, Population


def build(spec: Population, n: int, setting: Setting, rng: np.random.Generator) -> Accounts:
    """Make unrelated people who share only their prompt; they are one group in the truth."""
    accounts = ordinary_accounts(spec, n, setting, rng)
    accounts.group[:] = 1
    return accounts


KINDS.add(
    "public_template",
    Kind(
        "public_template",
        "benign",
        "Thousands of strangers who use one popular public prompt.",
        Population,
        build,
    ),
)
