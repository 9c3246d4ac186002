"""Strangers at one event: one address, one day, one starter kit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from stillwatch.range.cast import API, DAY, EMAIL, EVENT, HOUR, Array, Cast
from stillwatch.range.people import Setting, neighbours, seeds
from stillwatch.range.places import pick
from stillwatch.range.specs import KINDS, Kind, Population

HOURS = 14
LATEST = 24 - HOURS


@dataclass(frozen=True)
class Hackathon(Population):
    """Each group is one event of fourteen hours; its volume is that of the event."""

    newcomers: float = 0.85
    """Share that registers at the door."""
    lasting: ClassVar[bool] = False


def build(spec: Hackathon, n: int, setting: Setting, rng: np.random.Generator) -> Cast:
    """Hundreds behind one address on one day, registered that day, with the sponsor's template, client build
    and parameters.
    """
    cast, region_of = neighbours(spec, n, setting, rng)
    groups, of = len(region_of), cast.group - 1
    cast.at(setting.places.add(pick(setting.places.schools, region_of, rng), rng)[of][:, None])
    cast.client = cast.other_client = setting.clients.popular(groups, rng)[of]
    cast.parameters = setting.clients.popular_parameters(groups, rng)[of]
    cast.model = np.zeros(len(cast), np.int64)
    cast.adopts[:] = 0.0
    cast.group_seed = seeds(groups, rng)[of]
    cast.plan[:], cast.payment[:], cast.organisation[:] = API, 0, 0
    cast.verification[:] = EMAIL
    opens = (
        setting.start
        + rng.integers(0, setting.days, groups) * DAY
        + (_hour(region_of, setting) * HOUR).astype(np.int64)
    )
    _one_day(cast, opens[of], spec, setting, rng)
    return cast


def _hour(region_of: Array, setting: Setting) -> Array:
    """Nine in the morning where that leaves fourteen hours of the day in UTC, else midnight in UTC: an
    evening's kick-off there.
    """
    morning = 9 - np.array([r.utc_offset for r in setting.places.regions])[region_of]
    return np.where((morning >= 0) & (morning <= LATEST), morning, 0.0)


def _one_day(cast: Cast, opens: Array, spec: Hackathon, setting: Setting, rng: np.random.Generator) -> None:
    n = len(cast)
    door = opens + rng.integers(-HOUR, HOUR // 2, n)
    cast.created = np.where(rng.random(n) < spec.newcomers, door, np.minimum(cast.created, door))
    cast.first, cast.last, cast.banned[:] = np.maximum(opens, cast.created), opens + HOURS * HOUR, 0
    day = (opens - setting.start) // DAY
    cast.sure, cast.shift = day, (opens - setting.start - day * DAY) // (HOUR // 4)
    cast.rate = cast.rate * setting.days * 24 / HOURS
    cast.rhythm[:], cast.weekend[:], cast.burst[:] = EVENT, 1.0, 0.0
    cast.stay[:], cast.gap[:] = 0.7, 60.0


KINDS.add(
    "hackathon",
    Kind(
        "hackathon",
        "benign",
        "Strangers behind one address on the day they registered, with one starter kit.",
        Hackathon,
        build,
    ),
)
