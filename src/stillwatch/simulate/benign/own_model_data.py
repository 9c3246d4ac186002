"""Declared companies that make data for a model of their own."""

from __future__ import annotations

import numpy as np

from stillwatch.simulate.accounts import BUSINESS, ENTERPRISE, FLAT, Accounts
from stillwatch.simulate.benign.company import declare
from stillwatch.simulate.ordinary_accounts import Setting, neighbours, seeds
from stillwatch.simulate.specs import KINDS, Kind, Population


def build(spec: Population, n: int, setting: Setting, rng: np.random.Generator) -> Accounts:
    """Make a few accounts of verified organisations that generate and grade at a steady rate.

    This is the technique of a harvest, but hides nothing.
    """
    accounts, region_of = neighbours(spec, n, setting, rng)
    declare(accounts, region_of, setting, rng, plans=(BUSINESS, ENTERPRISE), hosted=True)
    groups, of = len(region_of), accounts.group - 1
    accounts.group_seed = seeds(groups, rng)[of]
    accounts.client = accounts.other_client = setting.clients.popular(groups, rng)[of]
    accounts.parameters[:] = setting.clients.named["pipeline"]
    accounts.rhythm[:], accounts.weekend[:], accounts.burst[:] = FLAT, 1.0, 2.0
    accounts.stay[:], accounts.gap[:] = 0.9, 4.0
    return accounts


KINDS.add(
    "own_model_data",
    Kind(
        "own_model_data",
        "benign",
        "A declared company that generates and grades synthetic data for a model of its own.",
        Population,
        build,
    ),
)
