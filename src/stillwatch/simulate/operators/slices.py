"""A prompt list cut into slices, so that few accounts share a template."""

from __future__ import annotations

import numpy as np

from stillwatch.simulate.accounts import Accounts
from stillwatch.simulate.specs import Campaign


def deal_out(spec: Campaign, accounts: Accounts, rng: np.random.Generator) -> None:
    """Deal the slices out at random, in equal shares; a share of accounts sends no tool schemas."""
    rng = rng.spawn(1)[0]
    if spec.slice_accounts:
        count = slices(spec, len(accounts))
        accounts.slice[:] = 1 + rng.permutation(len(accounts)) % count
        accounts.slices[:] = count
    if spec.untooled:
        accounts.untooled[:] = rng.random(len(accounts)) < spec.untooled


def slices(spec: Campaign, accounts: int) -> int:
    """Return into how many slices the list of so many accounts is cut."""
    return -(-accounts // spec.slice_accounts) if spec.slice_accounts else 1
