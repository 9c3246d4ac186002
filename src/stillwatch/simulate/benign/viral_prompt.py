"""Strangers all over the world who try one prompt within days of its becoming popular."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from stillwatch.simulate.accounts import DAY, HOUR, MINUTE, Accounts
from stillwatch.simulate.ordinary_accounts import Setting, ordinary_accounts
from stillwatch.simulate.specs import KINDS, Kind, Population


@dataclass(frozen=True)
class Viral(Population):
    """One prompt; its volume is that of the days in which it spreads."""

    newcomers: float = 0.4
    """Share that registers for it."""
    hours: float = 9.0
    """Mean hours between the beginning and an account's first use."""
    lasting: ClassVar[bool] = False


def build(spec: Viral, n: int, setting: Setting, rng: np.random.Generator) -> Accounts:
    """Make unrelated people with the same words, begun in the same hours of one night and day.

    Many of the accounts are equally old. They are one group in the truth.
    """
    accounts = ordinary_accounts(spec, n, setting, rng)
    accounts.group[:] = 1
    begins = setting.start + int(rng.uniform(0.5, max(0.6, setting.days - 3)) * DAY)
    accounts.first = np.minimum(
        begins + (rng.exponential(spec.hours, n) * HOUR).astype(np.int64), setting.end - 3 * HOUR
    )
    minutes = (rng.exponential(8, n) * MINUTE).astype(np.int64)
    accounts.created = np.where(
        rng.random(n) < spec.newcomers,
        accounts.first - minutes,
        np.minimum(accounts.created, accounts.first - minutes),
    )
    accounts.banned[:] = 0
    accounts.last = np.minimum(
        setting.end, accounts.first + ((0.5 + rng.exponential(1.2, n)) * DAY).astype(np.int64)
    )
    accounts.sure = (accounts.first - setting.start) // DAY
    accounts.rate = accounts.rate * setting.days * DAY / (accounts.last - accounts.first)
    accounts.burst[:] = 0.5
    return accounts


KINDS.add(
    "viral_prompt",
    Kind(
        "viral_prompt",
        "benign",
        "Strangers who try one prompt in the days after it went viral, from the same hours on.",
        Viral,
        build,
    ),
)
