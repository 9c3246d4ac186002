"""Accounts that live for some days only, generation after generation, and accounts that begin one after the
other.
"""

from __future__ import annotations

import numpy as np

from stillwatch.range.cast import DAY, Cast
from stillwatch.range.people import Setting
from stillwatch.range.specs import Campaign


def generations(spec: Campaign) -> int:
    """How many generations of accounts follow each other."""
    return max(1, int(np.ceil(spec.days / spec.life_days))) if spec.life_days else 1


def replace_by_age(spec: Campaign, cast: Cast, begin: int) -> None:
    """Each generation registers as long before its own days as the first did before the campaign, and works
    on those days only.
    """
    if generations(spec) == 1:
        return
    life = round(spec.life_days * DAY)
    later = (np.arange(len(cast)) % generations(spec)) * life
    cast.created += later
    cast.first[:] = begin + later
    cast.last[:] = np.minimum(cast.first + life, begin + spec.days * DAY)


def spread_starts(spec: Campaign, cast: Cast, setting: Setting, rng: np.random.Generator) -> None:
    """Accounts begin up to `spread_days` late, at most half of their time, and go on for as long past their
    end, if the window lasts.
    """
    if not spec.spread_days:
        return
    most = np.minimum(spec.spread_days * DAY, (cast.last - cast.first) / 2)
    late = (rng.spawn(1)[0].random(len(cast)) * most).astype(np.int64)
    cast.first += late
    cast.last = np.minimum(cast.last + late, setting.end)
