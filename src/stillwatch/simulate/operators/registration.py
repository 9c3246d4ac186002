"""Accounts registered in bursts."""

from __future__ import annotations

import numpy as np

from stillwatch.simulate.accounts import DAY, HOUR, Accounts
from stillwatch.simulate.ordinary_accounts import Setting
from stillwatch.simulate.specs import Campaign


def waves(spec: Campaign, accounts: Accounts, begin: int, setting: Setting, rng: np.random.Generator) -> None:
    """Register most accounts within a few hours on a few days before the campaign begins.

    All accounts are older than its first day.
    """
    n = len(accounts)
    starts = begin - (
        np.sort(rng.uniform(1 + spec.wave_hours / 24, spec.registered_days + 2, spec.waves)) * DAY
    ).astype(np.int64)
    when = starts[rng.integers(0, spec.waves, n)] + (rng.random(n) * spec.wave_hours * HOUR).astype(np.int64)
    in_wave = rng.random(n) < spec.wave_share
    alone = np.where(
        accounts.created < begin, accounts.created, begin - (rng.random(n) * 60 * DAY).astype(np.int64)
    )
    accounts.created = np.maximum(np.where(in_wave, np.minimum(when, begin - 1), alone), setting.launched)
