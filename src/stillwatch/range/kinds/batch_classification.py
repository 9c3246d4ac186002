"""Batch jobs: one template of the account's own, distinct inputs, short outputs."""

from __future__ import annotations

import numpy as np

from stillwatch.range.cast import API, NIGHTLY, Cast
from stillwatch.range.people import Setting, pay, people
from stillwatch.range.specs import KINDS, Kind, Population


def build(spec: Population, n: int, setting: Setting, rng: np.random.Generator) -> Cast:
    """Unrelated developers with nightly jobs on rented servers."""
    cast = people(spec, n, setting, rng)
    cast.plan[:] = API
    pay(cast, rng)
    cast.rhythm[:], cast.weekend[:], cast.burst[:] = NIGHTLY, 1.0, 0.5
    cast.shift = rng.integers(0, 96, n)
    cast.stay[:], cast.gap[:] = 0.98, 2.0
    cast.places[:, 0] = setting.places.hosted(n, rng)
    cast.place_count[:] = 1
    return cast


KINDS.add(
    "batch_classification",
    Kind(
        "batch_classification",
        "benign",
        "Nightly batch jobs: one template, distinct inputs, short outputs.",
        Population,
        build,
    ),
)
