"""A licensed distiller: training-shaped traffic with nothing hidden."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from stillwatch.range.cast import ENTERPRISE, FLAT, Cast
from stillwatch.range.kinds.company import declare
from stillwatch.range.people import Setting, neighbours
from stillwatch.range.specs import KINDS, Kind, Population


@dataclass(frozen=True)
class Distiller(Population):
    """One organisation."""

    organisation: str = ""
    """Its name; a permit of the same organisation covers it."""


def build(spec: Distiller, n: int, setting: Setting, rng: np.random.Generator) -> Cast:
    """A few accounts of one verified organisation that generate training data at a steady rate."""
    cast, region_of = neighbours(replace(spec, group_min=n, group_max=n), n, setting, rng)
    declare(cast, region_of, setting, rng, plans=(ENTERPRISE,), hosted=True)
    cast.organisation[:] = setting.organisations.add(spec.organisation)
    cast.client[:] = cast.other_client[:] = setting.clients.popular(1, rng)
    cast.parameters[:] = setting.clients.named["pipeline"]
    cast.rhythm[:], cast.weekend[:], cast.burst[:] = FLAT, 1.0, 4.0
    cast.stay[:], cast.gap[:], cast.adopts[:] = 0.9, 3.0, 0.0
    cast.model[:] = 0
    return cast


KINDS.add(
    "permitted_distiller",
    Kind(
        "permitted_distiller", "authorised", "One organisation that distils under a permit.", Distiller, build
    ),
)
