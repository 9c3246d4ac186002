"""A class or workshop whose exercises look like a harvest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stillwatch.simulate.accounts import DAY, EMAIL, FREE, HOUR, MINUTE, SHORT_LESSON, Accounts, Array
from stillwatch.simulate.ordinary_accounts import Setting, neighbours, own_domains, seeds
from stillwatch.simulate.places import pick
from stillwatch.simulate.specs import KINDS, Kind, Population

EVERY = 2
"""Days from one lesson to the next."""


@dataclass(frozen=True)
class Workshop(Population):
    """Each group is one class; two classes of two schools register on one day."""

    lessons: int = 3
    """Lessons of 25 minutes, one every second day."""


def build(spec: Workshop, n: int, setting: Setting, rng: np.random.Generator) -> Accounts:
    """Make classes that ask for thoughts, grades and tasks for half an hour at a time.

    They tempt address, registration, onset and every intent signal that reads prompts.
    """
    accounts, region_of = neighbours(spec, n, setting, rng)
    groups, of = len(region_of), accounts.group - 1
    accounts.language[:] = 0
    accounts.at(setting.places.add(pick(setting.places.schools, region_of, rng), rng)[of][:, None])
    accounts.domain = setting.domains.all(own_domains(groups, rng))[of]
    accounts.group_seed = seeds(groups, rng)[of]
    accounts.client = accounts.other_client = setting.clients.popular(groups, rng)[of]
    accounts.plan[:], accounts.payment[:] = FREE, 0
    accounts.verification = np.minimum(accounts.verification, EMAIL)
    length = 1 + EVERY * (spec.lessons - 1)
    first_day = rng.integers(0, max(1, setting.days - length + 1), groups)
    offset = np.array([r.utc_offset for r in setting.places.regions])[region_of]
    # Between 8 and 18 o'clock; a lesson never crosses midnight in UTC.
    quarter = np.rint(((8 + rng.integers(0, 10, groups) - offset) % 24) * 4).astype(np.int64) % 94
    first_day[1::2] = first_day[: groups - 1 : 2]
    _lessons(accounts, first_day[of], quarter[of], length, spec, setting, rng)
    return accounts


def _lessons(
    accounts: Accounts,
    first_day: Array,
    quarter: Array,
    length: int,
    spec: Workshop,
    setting: Setting,
    rng: np.random.Generator,
) -> None:
    n = len(accounts)
    accounts.rate = accounts.rate * setting.days / spec.lessons
    accounts.period[:], accounts.phase = EVERY, first_day % EVERY
    accounts.rhythm[:], accounts.shift = SHORT_LESSON, quarter
    accounts.weekend[:], accounts.burst[:] = 1.0, 0.0
    accounts.stay[:], accounts.gap[:] = 0.8, 40.0
    day = setting.start + first_day * DAY
    lesson = day + quarter * (HOUR // 4)
    accounts.created = lesson - (rng.random(n) * 20 * MINUTE).astype(np.int64)
    accounts.first, accounts.last = lesson, np.minimum(day + length * DAY, setting.end)
    accounts.sure, accounts.banned[:] = first_day, 0


KINDS.add(
    "workshop",
    Kind(
        "workshop",
        "benign",
        "Pupils in three lessons of 25 minutes at one address, with exercises that look like a harvest.",
        Workshop,
        build,
    ),
)
