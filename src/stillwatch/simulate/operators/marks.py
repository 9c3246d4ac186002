"""Marks that one set of tools leaves: device ids with a seat's id, and accounts used up to their limit."""

from __future__ import annotations

import numpy as np

from stillwatch.simulate.accounts import PLANS, Accounts
from stillwatch.simulate.plan_limits import REQUESTS_A_DAY
from stillwatch.simulate.specs import Campaign

FIRST_DEVICE = 1 << 40
"""Numbers of operators' devices begin here, above those of people."""


def assert_devices(spec: Campaign, accounts: Accounts, n: int) -> None:
    """Deal the accounts over a few device ids; with each goes one account that all its requests name."""
    if spec.devices:
        of = np.arange(n) % spec.devices
        accounts.device[:] = FIRST_DEVICE + (accounts.campaign << 20) + of
        accounts.asserted[:] = 1 + (accounts.campaign << 20) + of


def ride_limits(spec: Campaign, accounts: Accounts) -> None:
    """Let each account make the share `quota` of what its plan allows, on every day alike."""
    if spec.quota:
        allowed = np.array([REQUESTS_A_DAY.get(name, 0) for name in PLANS], float)[accounts.plan]
        accounts.rate = np.where(allowed > 0, allowed * spec.quota, accounts.rate)
        accounts.even[:], accounts.burst[:], accounts.weekend[:] = True, 0.0, 1.0
