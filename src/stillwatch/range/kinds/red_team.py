"""Declared testers of safety: many tricks, mostly refused."""

from __future__ import annotations

import numpy as np

from stillwatch.range.cast import BUSINESS, ENTERPRISE, OFFICE, Cast
from stillwatch.range.kinds.company import declare
from stillwatch.range.people import Setting, neighbours
from stillwatch.range.specs import KINDS, Kind, Population


def build(spec: Population, n: int, setting: Setting, rng: np.random.Generator) -> Cast:
    """Verified organisations whose accounts try variants by the thousand and keep those that worked in a
    suite that they run again.
    """
    cast, region_of = neighbours(spec, n, setting, rng)
    declare(cast, region_of, setting, rng, plans=(BUSINESS, ENTERPRISE), hosted=True)
    cast.rhythm[:], cast.weekend[:], cast.burst[:] = OFFICE, 0.3, 0.6
    cast.stay[:], cast.gap[:] = 0.93, 4.0
    cast.model = np.arange(n) % len(setting.models)
    cast.adopts[:], cast.adopt_hours[:] = 0.7, 24.0
    return cast


KINDS.add(
    "red_team",
    Kind(
        "red_team",
        "benign",
        "Declared testers of safety: many tricks, most of them refused, and a suite of those that worked.",
        Population,
        build,
    ),
)
