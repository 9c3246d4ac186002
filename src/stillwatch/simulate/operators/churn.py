"""Accounts that last for some days only, in generations, and accounts that begin one after the other."""

from __future__ import annotations

import numpy as np

from stillwatch.simulate.accounts import DAY, Accounts
from stillwatch.simulate.ordinary_accounts import Setting
from stillwatch.simulate.specs import Campaign


def generations(spec: Campaign) -> int:
    """Return how many generations of accounts follow each other."""
    return max(1, int(np.ceil(spec.days / spec.life_days))) if spec.life_days else 1


def replace_by_age(spec: Campaign, accounts: Accounts, begin: int) -> None:
    """Give each generation its days, and registrations as long before them as the first generation's."""
    if generations(spec) == 1:
        return
    life = round(spec.life_days * DAY)
    later = (np.arange(len(accounts)) % generations(spec)) * life
    accounts.created += later
    accounts.first[:] = begin + later
    accounts.last[:] = np.minimum(accounts.first + life, begin + spec.days * DAY)


def spread_starts(spec: Campaign, accounts: Accounts, setting: Setting, rng: np.random.Generator) -> None:
    """Let accounts begin up to `spread_days` late, but at most half of their time, and end as much later.

    The end is at most that of the window.
    """
    if not spec.spread_days:
        return
    most = np.minimum(spec.spread_days * DAY, (accounts.last - accounts.first) / 2)
    late = (rng.spawn(1)[0].random(len(accounts)) * most).astype(np.int64)
    accounts.first += late
    accounts.last = np.minimum(accounts.last + late, setting.end)
