"""Declared companies that make data for a model of their own."""

from __future__ import annotations

import numpy as np

from stillwatch.range.cast import BUSINESS, ENTERPRISE, FLAT, Cast
from stillwatch.range.kinds.company import declare
from stillwatch.range.people import Setting, neighbours, seeds
from stillwatch.range.specs import KINDS, Kind, Population


def build(spec: Population, n: int, setting: Setting, rng: np.random.Generator) -> Cast:
    """Few accounts of verified organisations that generate and grade at a steady rate: the technique of a
    harvest, nothing hidden.
    """
    cast, region_of = neighbours(spec, n, setting, rng)
    declare(cast, region_of, setting, rng, plans=(BUSINESS, ENTERPRISE), hosted=True)
    groups, of = len(region_of), cast.group - 1
    cast.group_seed = seeds(groups, rng)[of]
    cast.client = cast.other_client = setting.clients.popular(groups, rng)[of]
    cast.parameters[:] = setting.clients.named["pipeline"]
    cast.rhythm[:], cast.weekend[:], cast.burst[:] = FLAT, 1.0, 2.0
    cast.stay[:], cast.gap[:] = 0.9, 4.0
    return cast


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
