"""Colleagues with private accounts behind one office address."""

from __future__ import annotations

import numpy as np

from stillwatch.simulate.accounts import OFFICE, Accounts
from stillwatch.simulate.ordinary_accounts import Setting, neighbours
from stillwatch.simulate.places import pick
from stillwatch.simulate.specs import KINDS, Kind, Population


def build(spec: Population, n: int, setting: Setting, rng: np.random.Generator) -> Accounts:
    """Make people who share a work address and office hours, and go home in the evening."""
    accounts, region_of = neighbours(spec, n, setting, rng)
    offices = setting.places.add(pick(setting.places.firms, region_of, rng), rng)
    accounts.places[:, 1] = accounts.places[:, 0]
    accounts.places[:, 0] = offices[accounts.group - 1]
    accounts.place_count = np.maximum(accounts.place_count, 2)
    accounts.rhythm[:], accounts.weekend[:] = OFFICE, 0.2
    return accounts


KINDS.add(
    "office",
    Kind(
        "office",
        "benign",
        "Colleagues with private accounts behind one office address, in office hours.",
        Population,
        build,
    ),
)
