"""Aggregators whose keys stand behind one load balancer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stillwatch.range.cast import BUSINESS, CARD, HOME, Cast
from stillwatch.range.kinds.company import declare
from stillwatch.range.people import Setting, neighbours
from stillwatch.range.specs import KINDS, Kind, Population


@dataclass(frozen=True)
class Aggregator(Population):
    """Each group is one aggregator, each account one of its keys."""

    end_users: int = 3000
    """End users of one key."""
    handover: float = 0.35
    """Chance that the balancer sends a later turn of a conversation by another key."""
    declared: float = 0.6
    """Share of aggregators that are verified organisations; the others declare themselves by the payment
    instrument of a business plan.
    """


def build(spec: Aggregator, n: int, setting: Setting, rng: np.random.Generator) -> Cast:
    """A few keys that carry on each other's conversations word for word, in many languages, for end users
    whose ids are passed on.
    """
    cast, region_of = neighbours(spec, n, setting, rng)
    declare(cast, region_of, setting, rng, plans=(BUSINESS,), hosted=True)
    groups, of = len(region_of), cast.group - 1
    unverified = (rng.random(groups) >= spec.declared)[of]
    cast.organisation[unverified], cast.verification[unverified] = 0, CARD
    cast.client = cast.other_client = setting.clients.popular(groups, rng)[of]
    cast.end_users[:], cast.handover[:] = spec.end_users, spec.handover
    cast.rhythm[:], cast.weekend[:], cast.burst[:] = HOME, 1.1, 3.0
    cast.stay[:], cast.gap[:] = 0.7, 40.0
    cast.adopts[:], cast.adopt_hours[:] = 0.3, 200.0
    return cast


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
