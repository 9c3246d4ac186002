"""Strangers who all use one popular public prompt."""

from __future__ import annotations

import numpy as np

from stillwatch.range.cast import Cast
from stillwatch.range.people import Setting, people
from stillwatch.range.specs import KINDS, Kind, Population


def build(spec: Population, n: int, setting: Setting, rng: np.random.Generator) -> Cast:
    """Unrelated people; only their prompt is the same, and it is one group in the truth."""
    cast = people(spec, n, setting, rng)
    cast.group[:] = 1
    return cast


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
