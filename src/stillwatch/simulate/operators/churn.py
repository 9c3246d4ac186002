"""Accounts that live for some days only, generation after generation, and accounts that begin one after the
other.
"""

from __future__ import annotations

import numpy as np

from stillwatch.simulate.accounts import DAY, Accounts
from stillwatch.simulate.ordinary_accounts import Setting
from stillwatch.simulate.specs import Campaign


def generations(spec: Campaign) -> int:
    """How many generations of accounts follow each other."""
    return max(1, int(np.ceil(spec.days / spec.life_days))) if spec.life_days else 1


def replace_by_age(spec: Campaign, accounts: Accounts, begin: int) -> None:
    """Each generation registers as long before its own days as the first did before the campaign, and works
    on those days only.
    """
    if generations(spec) == 1:
        return
    life = round(spec.life_days * DAY)
    later = (np.arange(len(accounts)) % generations(spec)) * life
    accounts.created += later
    accounts.first[:] = begin + later
    accounts.last[:] = np.minimum(accounts.first + life, begin + spec.days * DAY)


def spread_starts(spec: Campaign, accounts: Accounts, setting: Setting, rng: np.random.Generator) -> None:
    """Accounts begin up to `spread_days` late, at most half of their time, and go on for as long past their
    end, if the window lasts.
    """
    if not spec.spread_days:
        return
    most = np.minimum(spec.spread_days * DAY, (accounts.last - accounts.first) / 2)
    late = (rng.spawn(1)[0].random(len(accounts)) * most).astype(np.int64)
    accounts.first += late
    accounts.last = np.minimum(accounts.last + late, setting.end)
