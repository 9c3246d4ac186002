"""Means that several accounts of one group share: cards and rented exits."""

from __future__ import annotations

import numpy as np

from stillwatch.simulate.accounts import Accounts, Array
from stillwatch.simulate.ordinary_accounts import Setting, instruments


def cards_of(accounts: Accounts, each: int, rng: np.random.Generator) -> Array:
    """Return a payment instrument for every `each` accounts of a group."""
    order = np.argsort(accounts.group, kind="stable")
    group = accounts.group[order]
    place = np.arange(len(group)) - np.searchsorted(group, group)
    number = np.cumsum((place % max(1, each)) == 0) - 1
    given = instruments(int(number[-1]) + 1, rng)[number]
    result = np.empty(len(group), np.int64)
    result[order] = given
    return result


def exits_of(accounts: Accounts, exits: int, used: int, setting: Setting, rng: np.random.Generator) -> Array:
    """Return `used` of the `exits` rented addresses of each account's group: one column for each."""
    groups, n = int(accounts.group.max()), len(accounts)
    pool = setting.places.hosted(groups * exits, rng).reshape(groups, exits)
    mine = (rng.integers(0, exits, n)[:, None] + np.arange(used)) % exits
    return np.asarray(np.take_along_axis(pool[accounts.group - 1], mine, axis=1))
