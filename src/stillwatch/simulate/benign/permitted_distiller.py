"""A licensed distiller: traffic like training data, with nothing hidden."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from stillwatch.simulate.accounts import ENTERPRISE, FLAT, Accounts
from stillwatch.simulate.benign.company import declare
from stillwatch.simulate.ordinary_accounts import Setting, neighbours
from stillwatch.simulate.specs import KINDS, Kind, Population


@dataclass(frozen=True)
class Distiller(Population):
    """One organisation."""

    organisation: str = ""
    """Its name; a permit of the same organisation covers it."""


def build(spec: Distiller, n: int, setting: Setting, rng: np.random.Generator) -> Accounts:
    """Make a few accounts of one verified organisation that generate training data at a steady rate."""
    accounts, region_of = neighbours(replace(spec, group_min=n, group_max=n), n, setting, rng)
    declare(accounts, region_of, setting, rng, plans=(ENTERPRISE,), hosted=True)
    accounts.organisation[:] = setting.organisations.add(spec.organisation)
    accounts.client[:] = accounts.other_client[:] = setting.clients.popular(1, rng)
    accounts.parameters[:] = setting.clients.named["pipeline"]
    accounts.rhythm[:], accounts.weekend[:], accounts.burst[:] = FLAT, 1.0, 4.0
    accounts.stay[:], accounts.gap[:], accounts.adopts[:] = 0.9, 3.0, 0.0
    accounts.model[:] = 0
    return accounts


KINDS.add(
    "permitted_distiller",
    Kind(
        "permitted_distiller", "authorised", "One organisation that distils under a permit.", Distiller, build
    ),
)
