"""Companies that move to the provider overnight."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stillwatch.simulate.accounts import DAY, EMAIL, FREE, HOUR, MINUTE, OFFICE, TEAM, Accounts, Array
from stillwatch.simulate.benign.company import declare
from stillwatch.simulate.ordinary_accounts import Setting, neighbours
from stillwatch.simulate.specs import KINDS, Kind, Population

CUT_OFF = 13
"""Local hour."""


@dataclass(frozen=True)
class Migration(Population):
    """Each group is one company."""

    declared: float = 0.6
    """Share of companies whose contract exists on the first day.

    The others begin with trial seats that share a mail domain and declare nothing.
    """


def build(spec: Migration, n: int, setting: Setting, rng: np.random.Generator) -> Accounts:
    """Make hundreds of seats, made by a script in one hour of a night.

    They work from the hour of the next day in which the old assistant is switched off.
    """
    accounts, region_of = neighbours(spec, n, setting, rng)
    declare(accounts, region_of, setting, rng, plans=(TEAM,))
    groups, of = len(region_of), accounts.group - 1
    offset = np.array([r.utc_offset for r in setting.places.regions])[region_of]
    day = rng.integers(1, max(2, setting.days - 3), groups)
    switch = setting.start + day * DAY + ((CUT_OFF - offset) % 24 * HOUR).astype(np.int64)
    accounts.created = (switch - rng.integers(10, 16, groups) * HOUR)[of] + rng.integers(0, 40 * MINUTE, n)
    accounts.first = switch[of] + rng.integers(0, 20 * MINUTE, n)
    accounts.sure = (accounts.first - setting.start) // DAY
    accounts.rate = accounts.rate * setting.days * DAY / (setting.end - accounts.first)
    accounts.rhythm[:], accounts.weekend[:] = OFFICE, 0.15
    accounts.stay, accounts.gap = rng.choice([0.4, 0.7], n), np.full(n, 60.0)
    _trial(accounts, (rng.random(groups) >= spec.declared)[of])
    return accounts


def _trial(accounts: Accounts, seats: Array) -> None:
    accounts.organisation[seats], accounts.payment[seats] = 0, 0
    accounts.plan[seats], accounts.verification[seats] = FREE, EMAIL


KINDS.add(
    "migration",
    Kind(
        "migration",
        "benign",
        "A company's seats, registered within an hour of one night and at work from the same hour of the "
        "next day.",
        Migration,
        build,
    ),
)
