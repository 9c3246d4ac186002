"""Banned accounts, and the fresh ones that take their place within hours."""

from __future__ import annotations

import numpy as np

from stillwatch.simulate.accounts import DAY, HOUR, Accounts
from stillwatch.simulate.ordinary_accounts import Setting
from stillwatch.simulate.specs import Campaign


def replace_banned(spec: Campaign, accounts: Accounts, setting: Setting, rng: np.random.Generator) -> None:
    """Ban a share of the accounts in the middle of their time; the last accounts are their successors."""
    count = round(len(accounts) * spec.banned)
    if count == 0:
        return
    gone, fresh = np.arange(count), np.arange(len(accounts) - count, len(accounts))
    until = accounts.last[gone]
    when = accounts.first[gone] + (
        rng.uniform(0.3, 0.8, count) * ((until - accounts.first[gone]) / DAY) * DAY
    ).astype(np.int64)
    accounts.last[fresh] = until
    accounts.banned[gone] = accounts.last[gone] = when
    accounts.created[fresh] = when + (rng.uniform(0.5, 8, count) * HOUR).astype(np.int64)
    accounts.first[fresh] = accounts.created[fresh] + (rng.uniform(0.2, 6, count) * HOUR).astype(np.int64)
    for column in ("client", "parameters", "plan", "profile", "late_profile", "late_from", "model"):
        getattr(accounts, column)[fresh] = getattr(accounts, column)[gone]
    width = int(accounts.place_count.min()) // 2
    accounts.places[fresh, :width] = accounts.places[gone, :width]
