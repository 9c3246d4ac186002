"""Stolen keys: an operator's traffic in addition to that of the accounts' owners, its victims."""

from __future__ import annotations

import numpy as np

from stillwatch.errors import SettingError
from stillwatch.simulate.accounts import Accounts, Array
from stillwatch.simulate.ordinary_accounts import Setting
from stillwatch.simulate.specs import Campaign, kinds

OF_THE_OWNER = (
    "group",
    "region",
    "plan",
    "verification",
    "payment",
    "domain",
    "shape",
    "phone",
    "organisation",
    "created",
    "banned",
    "model",
)
"""What a key shows of its account. These stay the owner's; everything else is the operator's."""


def chosen(spec: Campaign, n: int, everyone: Accounts, setting: Setting, rng: np.random.Generator) -> Array:
    """Return numbers of the accounts whose keys were stolen.

    They are of the kinds named, registered before the window, and neither banned nor stolen from before.
    Raises SettingError if the world has fewer of them.
    """
    wanted = [list(kinds()).index(name) for name in spec.victims]
    taken = np.unique(everyone.owner[everyone.owner >= 0])
    able = (
        np.isin(everyone.kind, wanted)
        & (everyone.created < setting.start)
        & (everyone.banned == 0)
        & (everyone.campaign < 0)
    )
    able[taken] = False
    found = np.flatnonzero(able)
    if len(found) < n:
        raise SettingError(
            f"campaign {spec.name} needs {n} accounts to steal from, and the world has {len(found)}",
            do="lower its at_least, or raise the scale or the accounts of the kinds in victims",
        )
    return np.sort(rng.choice(found, n, replace=False))


def lend(accounts: Accounts, victims: Array, everyone: Accounts) -> None:
    """Give each row of the operator's accounts the id of a victim and what is known of it."""
    for column in OF_THE_OWNER:
        setattr(accounts, column, getattr(everyone, column)[victims].copy())
    accounts.other_client[:] = accounts.client  # a relay pins one build for everybody whom it serves
    accounts.owner[:] = victims
