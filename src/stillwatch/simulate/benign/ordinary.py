"""Individuals and small developers with nothing in common."""

from __future__ import annotations

import numpy as np

from stillwatch.simulate.accounts import Accounts
from stillwatch.simulate.ordinary_accounts import Setting, ordinary_accounts
from stillwatch.simulate.specs import KINDS, Kind, Population


def build(spec: Population, n: int, setting: Setting, rng: np.random.Generator) -> Accounts:
    """Make unrelated people."""
    return ordinary_accounts(spec, n, setting, rng)


KINDS.add(
    "ordinary",
    Kind(
        "ordinary",
        "benign",
        "Individuals and small developers with nothing in common but their region and client.",
        Population,
        build,
    ),
)
