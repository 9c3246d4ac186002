"""Aggregators whose keys are behind one load balancer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stillwatch.simulate.accounts import BUSINESS, CARD, HOME, Accounts
from stillwatch.simulate.benign.company import declare
from stillwatch.simulate.ordinary_accounts import Setting, neighbours
from stillwatch.simulate.specs import KINDS, Kind, Population


@dataclass(frozen=True)
class Aggregator(Population):
    """Each group is one aggregator, each account one of its keys."""

    end_users: int = 3000
    """End users of one key."""
    handover: float = 0.35
    """Chance that the balancer sends a later turn of a conversation by another key."""
    declared: float = 0.6
    """Share of aggregators that are verified organisations.

    The others declare themselves by the payment instrument of a business plan.
    """


def build(spec: Aggregator, n: int, setting: Setting, rng: np.random.Generator) -> Accounts:
    """Make a few keys that continue each other's conversations word for word.

    They are in many languages, for end users whose ids are passed on.
    """
    accounts, region_of = neighbours(spec, n, setting, rng)
    declare(accounts, region_of, setting, rng, plans=(BUSINESS,), hosted=True)
    groups, of = len(region_of), accounts.group - 1
    unverified = (rng.random(groups) >= spec.declared)[of]
    accounts.organisation[unverified], accounts.verification[unverified] = 0, CARD
    accounts.client = accounts.other_client = setting.clients.popular(groups, rng)[of]
    accounts.end_users[:], accounts.handover[:] = spec.end_users, spec.handover
    accounts.rhythm[:], accounts.weekend[:], accounts.burst[:] = HOME, 1.1, 3.0
    accounts.stay[:], accounts.gap[:] = 0.7, 40.0
    accounts.adopts[:], accounts.adopt_hours[:] = 0.3, 200.0
    return accounts


KINDS.add(
    "aggregator",
    Kind(
        "aggregator",
        "benign",
        "A declared aggregator whose balancer hands conversations over between its keys.",
        Aggregator,
        build,
    ),
)
