"""Users of one program that updates itself on one day."""

from __future__ import annotations

import numpy as np

from stillwatch.simulate.accounts import DAY, HOUR, Accounts
from stillwatch.simulate.ordinary_accounts import Setting, ordinary_accounts
from stillwatch.simulate.specs import KINDS, Kind, Population

HOURS = 10.0
"""Hours within which the update reaches everybody."""


def build(spec: Population, n: int, setting: Setting, rng: np.random.Generator) -> Accounts:
    """Make unrelated people with one build before and one after; they are one group in the truth.

    They tempt upgrade, client and, where the runtime moves too, ja4.
    """
    accounts = ordinary_accounts(spec, n, setting, rng)
    accounts.group[:] = 1
    before = setting.clients.add("Notary/9.4.1", "electron 34", "Windows x64")
    after = setting.clients.add("Notary/9.5.0", "electron 37", "Windows x64")
    accounts.client[:] = accounts.other_client[:] = before
    accounts.late_client[:] = after
    ships = setting.start + (setting.days // 2) * DAY + 9 * HOUR
    accounts.late_client_from = ships + (rng.random(n) * HOURS * HOUR).astype(np.int64)
    return accounts


KINDS.add(
    "update_wave",
    Kind(
        "update_wave",
        "benign",
        "Strangers whose program updates itself within the hours of one day.",
        Population,
        build,
    ),
)
