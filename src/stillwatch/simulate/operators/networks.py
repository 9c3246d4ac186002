"""Addresses of a proxy pool that accounts draw from."""

from __future__ import annotations

import numpy as np

from stillwatch.simulate.accounts import PLACES, Accounts, Array
from stillwatch.simulate.operators.regions import drawn
from stillwatch.simulate.ordinary_accounts import Setting
from stillwatch.simulate.places import skewed
from stillwatch.simulate.specs import Campaign


def draw_from_pool(spec: Campaign, accounts: Accounts, setting: Setting, rng: np.random.Generator) -> None:
    """Give each account several addresses of the pool, and some addresses that nobody else has."""
    n, width = len(accounts), min(spec.addresses, PLACES)
    pool = make_pool(spec, max(4, round(n * spec.pool)), setting, rng)
    drawn = pool[rng.integers(0, len(pool), (n, width))]
    own = setting.places.homes(np.repeat(accounts.region, width), rng).reshape(n, width)
    accounts.at(np.where(rng.random((n, width)) < spec.own_address, own, drawn))


def make_pool(spec: Campaign, size: int, setting: Setting, rng: np.random.Generator) -> Array:
    """Make addresses of the classes that the spec names, spread over its regions."""
    names, weights = list(spec.networks), np.array(list(spec.networks.values()))
    chosen = rng.choice(len(names), size, p=weights / weights.sum())
    book = setting.places
    network = book.carrier_of(drawn(spec, size, setting, rng), rng)
    for kind, spread in (("hosting", book.hosters), ("vpn", book.vpns)):
        if kind in names:
            inside = chosen == names.index(kind)
            network = np.where(inside, spread[skewed(len(spread), size, rng)], network)
    return book.add(network, rng)
