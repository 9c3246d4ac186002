"""Colleagues with private accounts behind one office address."""

from __future__ import annotations

import numpy as np

from stillwatch.range.cast import OFFICE, Cast
from stillwatch.range.people import Setting, neighbours
from stillwatch.range.places import pick
from stillwatch.range.specs import KINDS, Kind, Population


def build(spec: Population, n: int, setting: Setting, rng: np.random.Generator) -> Cast:
    """People who share a work address and office hours, and go home in the evening."""
    cast, region_of = neighbours(spec, n, setting, rng)
    offices = setting.places.add(pick(setting.places.firms, region_of, rng), rng)
    cast.places[:, 1] = cast.places[:, 0]
    cast.places[:, 0] = offices[cast.group - 1]
    cast.place_count = np.maximum(cast.place_count, 2)
    cast.rhythm[:], cast.weekend[:] = OFFICE, 0.2
    return cast


KINDS.add(
    "office",
    Kind(
        "office",
        "benign",
        "Colleagues with private accounts behind one office address, in office hours.",
        Population,
        build,
    ),
)
