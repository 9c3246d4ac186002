"""Declared resellers: few accounts, very many end users."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stillwatch.range.cast import ENTERPRISE, HOME, Cast
from stillwatch.range.kinds.company import declare
from stillwatch.range.people import Setting, neighbours
from stillwatch.range.specs import KINDS, Kind, Population


@dataclass(frozen=True)
class Reseller(Population):
    """Each account serves end users of its own."""

    end_users: int = 4000
    """End users of one account."""


def build(spec: Reseller, n: int, setting: Setting, rng: np.random.Generator) -> Cast:
    """A reseller's accounts: diverse words and languages, end-user ids passed on, server addresses."""
    cast, region_of = neighbours(spec, n, setting, rng)
    declare(cast, region_of, setting, rng, plans=(ENTERPRISE,), hosted=True)
    cast.end_users[:] = spec.end_users
    cast.rhythm[:], cast.weekend[:], cast.burst[:] = HOME, 1.1, 3.0
    cast.stay[:], cast.gap[:] = 0.4, 40.0
    cast.adopts[:], cast.adopt_hours[:] = 0.3, 200.0
    return cast


KINDS.add(
    "reseller",
    Kind("reseller", "benign", "A declared reseller that passes on many end users.", Reseller, build),
)
