"""Pupils who do one exercise in one lesson behind one school address."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stillwatch.simulate.accounts import DAY, EMAIL, FREE, HOUR, LESSON, MINUTE, Accounts, Array
from stillwatch.simulate.ordinary_accounts import Setting, neighbours, own_domains, seeds
from stillwatch.simulate.places import pick
from stillwatch.simulate.specs import KINDS, Kind, Population


@dataclass(frozen=True)
class Classroom(Population):
    """One lesson a week."""

    school_mail: float = 0.6
    """Share of classes that use their school's mail domain; the others use private mail."""
    registered_together: float = 0.7
    """Share of pupils that registered in the first lesson or the day before."""


def build(spec: Classroom, n: int, setting: Setting, rng: np.random.Generator) -> Accounts:
    """Make classes of pupils: same address, same hour, same exercise, few requests each."""
    accounts, region_of = neighbours(spec, n, setting, rng)
    groups, of = len(region_of), accounts.group - 1
    accounts.language[:] = 0
    accounts.at(setting.places.add(pick(setting.places.schools, region_of, rng), rng)[of][:, None])
    weekday = rng.integers(0, 5, groups)
    _lessons(accounts, weekday[of], rng.integers(0, 6, groups)[of], region_of[of], spec, setting, rng)
    school = np.where(
        rng.random(groups) < spec.school_mail, setting.domains.all(own_domains(groups, rng)), 0
    )[of]
    accounts.domain = np.where(school > 0, school, accounts.domain)
    accounts.group_seed = seeds(groups, rng)[of]
    accounts.plan[:], accounts.payment[:] = FREE, 0
    accounts.verification = np.minimum(accounts.verification, EMAIL)
    return accounts


def _lessons(
    accounts: Accounts,
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
    accounts.period[:], accounts.phase = 7, first_day
    accounts.rate = accounts.rate * setting.days / lessons
    accounts.burst[:], accounts.stay[:], accounts.gap[:], accounts.weekend[:] = 0, 0.7, 50.0, 1.0
    accounts.sure = np.minimum(first_day, setting.days - 1)
    offset = np.array([r.utc_offset for r in setting.places.regions])[region]
    accounts.rhythm[:], accounts.shift = LESSON, np.rint((8 + hour - offset) * 4).astype(np.int64)
    together = rng.random(len(accounts)) < spec.registered_together
    lesson = setting.start + first_day * DAY + ((8 + hour - offset) % 24 * HOUR).astype(np.int64)
    accounts.created = np.where(
        together, lesson - (rng.random(len(accounts)) * 20 * MINUTE).astype(np.int64), accounts.created
    )
    late = accounts.created > lesson
    accounts.created = np.where(
        late, lesson - (rng.random(len(accounts)) * 60 * DAY).astype(np.int64), accounts.created
    )
    accounts.first = np.maximum(setting.start, accounts.created)
    accounts.last[:], accounts.banned[:] = setting.end, 0


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
