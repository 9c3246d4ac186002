"""Strangers of a country with one carrier."""

from __future__ import annotations

import numpy as np

from stillwatch.range.cast import Cast
from stillwatch.range.people import Setting, people, phone_addresses
from stillwatch.range.places import pick
from stillwatch.range.specs import KINDS, Kind, Population

HOUSEHOLDS = 40


def build(spec: Population, n: int, setting: Setting, rng: np.random.Generator) -> Cast:
    """People whose homes and phones are all behind the shared addresses of few networks; one group in the
    truth.
    """
    cast = people(spec, n, setting, rng)
    cast.group[:] = 1
    carrier = pick(setting.places.carriers, cast.region, rng)
    homes = setting.places.add(carrier[: max(2, n // HOUSEHOLDS)], rng)
    cast.at(
        np.stack([homes[rng.integers(0, len(homes), n)], phone_addresses(cast.region, setting, rng)], axis=1)
    )
    return cast


KINDS.add(
    "small_country",
    Kind(
        "small_country",
        "benign",
        "Strangers of a country whose few networks put dozens of homes behind one address.",
        Population,
        build,
    ),
)
