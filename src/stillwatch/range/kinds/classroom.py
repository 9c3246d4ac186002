"""Pupils who do one exercise in one lesson behind one school address."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stillwatch.range.cast import DAY, EMAIL, FREE, HOUR, LESSON, MINUTE, Array, Cast
from stillwatch.range.people import Setting, neighbours, own_domains, seeds
from stillwatch.range.places import pick
from stillwatch.range.specs import KINDS, Kind, Population


@dataclass(frozen=True)
class Classroom(Population):
    """One lesson a week."""

    school_mail: float = 0.6
    """Share of classes that use their school's mail domain; the others use private mail."""
    registered_together: float = 0.7
    """Share of pupils that registered in the first lesson or the day before."""


def build(spec: Classroom, n: int, setting: Setting, rng: np.random.Generator) -> Cast:
    """Classes of pupils: same address, same hour, same exercise, few requests each."""
    cast, region_of = neighbours(spec, n, setting, rng)
    groups, of = len(region_of), cast.group - 1
    cast.language[:] = 0
    cast.at(setting.places.add(pick(setting.places.schools, region_of, rng), rng)[of][:, None])
    weekday = rng.integers(0, 5, groups)
    _lessons(cast, weekday[of], rng.integers(0, 6, groups)[of], region_of[of], spec, setting, rng)
    school = np.where(
        rng.random(groups) < spec.school_mail, setting.domains.all(own_domains(groups, rng)), 0
    )[of]
    cast.domain = np.where(school > 0, school, cast.domain)
    cast.group_seed = seeds(groups, rng)[of]
    cast.plan[:], cast.payment[:] = FREE, 0
    cast.verification = np.minimum(cast.verification, EMAIL)
    return cast


def _lessons(
    cast: Cast,
    weekday: Array,
    hour: Array,
    region: Array,
    spec: Classroom,
    setting: Setting,
    rng: np.random.Generator,
) -> None:
    first_weekday = (setting.start // DAY + 3) % 7
    first_day = (weekday - first_weekday) % 7
    lessons = np.maximum(1, -(-(setting.days - first_day) // 7))
    cast.period[:], cast.phase = 7, first_day
    cast.rate = cast.rate * setting.days / lessons
    cast.burst[:], cast.stay[:], cast.gap[:], cast.weekend[:] = 0, 0.7, 50.0, 1.0
    cast.sure = np.minimum(first_day, setting.days - 1)
    offset = np.array([r.utc_offset for r in setting.places.regions])[region]
    cast.rhythm[:], cast.shift = LESSON, np.rint((8 + hour - offset) * 4).astype(np.int64)
    together = rng.random(len(cast)) < spec.registered_together
    lesson = setting.start + first_day * DAY + ((8 + hour - offset) % 24 * HOUR).astype(np.int64)
    cast.created = np.where(
        together, lesson - (rng.random(len(cast)) * 20 * MINUTE).astype(np.int64), cast.created
    )
    late = cast.created > lesson
    cast.created = np.where(late, lesson - (rng.random(len(cast)) * 60 * DAY).astype(np.int64), cast.created)
    cast.first = np.maximum(setting.start, cast.created)
    cast.last[:], cast.banned[:] = setting.end, 0


KINDS.add(
    "classroom",
    Kind(
        "classroom",
        "benign",
        "Pupils behind one school address who do the same exercise in the same hour.",
        Classroom,
        build,
    ),
)
