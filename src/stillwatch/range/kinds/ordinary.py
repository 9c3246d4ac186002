"""Individuals and small developers with nothing in common."""

from __future__ import annotations

import numpy as np

from stillwatch.range.cast import Cast
from stillwatch.range.people import Setting, people
from stillwatch.range.specs import KINDS, Kind, Population


def build(spec: Population, n: int, setting: Setting, rng: np.random.Generator) -> Cast:
    """Unrelated people."""
    return people(spec, n, setting, rng)


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
