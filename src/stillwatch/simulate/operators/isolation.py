"""Accounts that look like unrelated people in one family of facets."""

from __future__ import annotations

import numpy as np

from stillwatch.simulate.accounts import FREE, HOUR, Accounts, Array
from stillwatch.simulate.ordinary_accounts import Setting, instruments
from stillwatch.simulate.paraphrase import HEAVY
from stillwatch.simulate.specs import Campaign

COLUMNS = {
    "network": ("places", "place_count"),
    "identity": ("domain", "shape", "phone", "created"),
    "software": ("client", "other_client", "parameters"),
    "rhythm": ("rhythm", "shift", "weekend", "stay", "gap", "even", "burst"),
    "content": (),
}
"""What an unrelated person has of its own, by family; content is handled below."""
FAMILIES = tuple(COLUMNS)
Before = dict[str, Array]


def remember(spec: Campaign, accounts: Accounts) -> Before:
    """Return the columns that isolation will restore, with the values of people who never met."""
    return {name: getattr(accounts, name).copy() for family in spec.isolated for name in COLUMNS[family]}


def isolate(
    spec: Campaign, accounts: Accounts, before: Before, setting: Setting, rng: np.random.Generator
) -> None:
    """Restore the marks of unrelated people for a share of the accounts; what and how much they ask stays."""
    if not spec.isolated:
        return
    # A random stream of its own: whoever is isolated, everything else stays as it was drawn.
    rng = rng.spawn(1)[0]
    for family in FAMILIES:
        share = spec.isolated.get(family, 0.0)
        inside = np.flatnonzero(rng.random(len(accounts)) < share) if share else np.zeros(0, np.int64)
        weekend = accounts.weekend[inside]
        for name in COLUMNS[family] if len(inside) else ():
            getattr(accounts, name)[inside] = before[name][inside]
        # As much per week as before.
        accounts.rate[inside] *= (5 + 2 * weekend) / (5 + 2 * accounts.weekend[inside])
        if family == "identity":
            _own_identity(accounts, inside, setting, rng)
        if family == "content":
            accounts.paraphrase[inside], accounts.untooled[inside] = HEAVY, True


def _own_identity(accounts: Accounts, inside: Array, setting: Setting, rng: np.random.Generator) -> None:
    """Give a payment instrument of its own, and a registration before its first use."""
    accounts.payment[inside] = np.where(accounts.plan[inside] == FREE, 0, instruments(len(inside), rng))
    before_use = accounts.first[inside] - (rng.uniform(1, 72, len(inside)) * HOUR).astype(np.int64)
    accounts.created[inside] = np.maximum(np.minimum(accounts.created[inside], before_use), setting.launched)
