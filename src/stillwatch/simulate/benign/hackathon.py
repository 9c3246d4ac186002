"""Strangers at one event: one address, one day, one starter kit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from stillwatch.simulate.accounts import API, DAY, EMAIL, EVENT, HOUR, Accounts, Array
from stillwatch.simulate.ordinary_accounts import Setting, neighbours, seeds
from stillwatch.simulate.places import pick
from stillwatch.simulate.specs import KINDS, Kind, Population

HOURS = 14
LATEST = 24 - HOURS


@dataclass(frozen=True)
class Hackathon(Population):
    """Each group is one event of fourteen hours; its volume is that of the event."""

    newcomers: float = 0.85
    """Share that registers at the door."""
    lasting: ClassVar[bool] = False


def build(spec: Hackathon, n: int, setting: Setting, rng: np.random.Generator) -> Accounts:
    """Make hundreds of accounts behind one address on one day, registered that day.

    They have the sponsor's template, client build and parameters.
    """
    accounts, region_of = neighbours(spec, n, setting, rng)
    groups, of = len(region_of), accounts.group - 1
    accounts.at(setting.places.add(pick(setting.places.schools, region_of, rng), rng)[of][:, None])
    accounts.client = accounts.other_client = setting.clients.popular(groups, rng)[of]
    accounts.parameters = setting.clients.popular_parameters(groups, rng)[of]
    accounts.model = np.zeros(len(accounts), np.int64)
    accounts.adopts[:] = 0.0
    accounts.group_seed = seeds(groups, rng)[of]
    accounts.plan[:], accounts.payment[:], accounts.organisation[:] = API, 0, 0
    accounts.verification[:] = EMAIL
    opens = (
        setting.start
        + rng.integers(0, setting.days, groups) * DAY
        + (_hour(region_of, setting) * HOUR).astype(np.int64)
    )
    _one_day(accounts, opens[of], spec, setting, rng)
    return accounts


def _hour(region_of: Array, setting: Setting) -> Array:
    """Return nine in the morning if that leaves fourteen hours of the day in UTC, else midnight in UTC.

    The latter is an evening's kick-off there.
    """
    morning = 9 - np.array([r.utc_offset for r in setting.places.regions])[region_of]
    return np.where((morning >= 0) & (morning <= LATEST), morning, 0.0)


def _one_day(
    accounts: Accounts, opens: Array, spec: Hackathon, setting: Setting, rng: np.random.Generator
) -> None:
    n = len(accounts)
    door = opens + rng.integers(-HOUR, HOUR // 2, n)
    accounts.created = np.where(rng.random(n) < spec.newcomers, door, np.minimum(accounts.created, door))
    accounts.first, accounts.last, accounts.banned[:] = (
        np.maximum(opens, accounts.created),
        opens + HOURS * HOUR,
        0,
    )
    day = (opens - setting.start) // DAY
    accounts.sure, accounts.shift = day, (opens - setting.start - day * DAY) // (HOUR // 4)
    accounts.rate = accounts.rate * setting.days * 24 / HOURS
    accounts.rhythm[:], accounts.weekend[:], accounts.burst[:] = EVENT, 1.0, 0.0
    accounts.stay[:], accounts.gap[:] = 0.7, 60.0


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
