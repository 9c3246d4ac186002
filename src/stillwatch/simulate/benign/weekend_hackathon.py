"""A weekend in one hall: strangers with programs of their own, and a sponsor who pays."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from stillwatch.simulate.accounts import API, DAY, EMAIL, EVENT, HOUR, Accounts
from stillwatch.simulate.ordinary_accounts import Setting, instruments, neighbours
from stillwatch.simulate.places import pick
from stillwatch.simulate.specs import KINDS, Kind, Population

OPENS, LASTS = 9, 33
"""Local hour of Saturday at which it opens, and its hours until Sunday's evening."""
SATURDAY = 2
"""The first day of 1970 that was a Saturday; the days count from zero."""


class WeekendHackathon(Population):
    """Each group is one event; its volume is that of the event."""

    lasting: ClassVar[bool] = False


def build(spec: Population, n: int, setting: Setting, rng: np.random.Generator) -> Accounts:
    """Make people who register on the evening before, work on two days from one hall, on the sponsor's card.

    They tempt address, registration, payment and shared_payment.
    """
    accounts, region_of = neighbours(spec, n, setting, rng)
    groups, of = len(region_of), accounts.group - 1
    halls = np.stack(
        [setting.places.add(pick(setting.places.schools, region_of, rng), rng)[of] for _ in range(2)], axis=1
    )
    # Each of the hall's two lines is the first choice of half of the people.
    accounts.at(np.where((np.arange(n) % 2 == 0)[:, None], halls, halls[:, ::-1]))
    offset = np.array([region.utc_offset for region in setting.places.regions])[region_of]
    days = setting.start // DAY + np.arange(setting.days)
    fridays = days[(days % 7 == (SATURDAY - 1) % 7) & (days + 3 <= setting.end // DAY)]
    friday = rng.choice(fridays if len(fridays) else days[:1], groups)[of]
    opens = (friday + 1) * DAY + ((OPENS - offset[of]) * HOUR).astype(np.int64)
    accounts.created = opens - (rng.uniform(9, 18, n) * HOUR).astype(np.int64)
    accounts.first, accounts.last, accounts.banned[:] = opens, opens + LASTS * HOUR, 0
    accounts.rate = accounts.rate * setting.days * 24 / LASTS
    accounts.rhythm[:], accounts.weekend[:], accounts.burst[:] = EVENT, 1.0, 0.0
    accounts.shift = np.rint(((OPENS - offset[of]) % 24) * 4).astype(np.int64)
    accounts.sure = (opens - setting.start) // DAY
    accounts.stay[:], accounts.gap[:] = 0.8, 90.0
    accounts.plan[:], accounts.organisation[:] = API, 0
    accounts.payment = instruments(groups, rng)[of]
    accounts.verification[:] = EMAIL
    return accounts


KINDS.add(
    "weekend_hackathon",
    Kind(
        "weekend_hackathon",
        "benign",
        "Strangers in one hall on a weekend, registered on the evening before, each with a program of their "
        "own.",
        WeekendHackathon,
        build,
    ),
)
