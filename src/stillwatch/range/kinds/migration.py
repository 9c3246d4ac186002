"""Companies that move to the provider overnight."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stillwatch.range.cast import DAY, EMAIL, FREE, HOUR, MINUTE, OFFICE, TEAM, Array, Cast
from stillwatch.range.kinds.company import declare
from stillwatch.range.people import Setting, neighbours
from stillwatch.range.specs import KINDS, Kind, Population


@dataclass(frozen=True)
class Migration(Population):
    """Each group is one company."""

    declared: float = 0.6
    """Share of companies whose contract stands on the first day; the others begin with trial seats that share a mail domain and declare nothing."""


def build(spec: Migration, n: int, setting: Setting, rng: np.random.Generator) -> Cast:
    """Hundreds of seats made by a script within an hour, at work from the same hour of the next morning on, behind one egress."""
    cast, region_of = neighbours(spec, n, setting, rng)
    declare(cast, region_of, setting, rng, plans=(TEAM,))
    groups, of = len(region_of), cast.group - 1
    offset = np.array([r.utc_offset for r in setting.places.regions])[region_of]
    day = rng.integers(1, max(2, setting.days - 3), groups)
    morning = setting.start + day * DAY + ((8 - offset) % 24 * HOUR).astype(np.int64)
    cast.created = (morning - rng.integers(9, 15, groups) * HOUR)[of] + rng.integers(0, 40 * MINUTE, n)
    cast.first = morning[of] + rng.integers(0, 45 * MINUTE, n)
    cast.sure = (cast.first - setting.start) // DAY
    cast.rate = cast.rate * setting.days * DAY / (setting.end - cast.first)
    cast.rhythm[:], cast.weekend[:] = OFFICE, 0.15
    cast.stay, cast.gap = rng.choice([0.4, 0.7], n), np.full(n, 60.0)
    _trial(cast, (rng.random(groups) >= spec.declared)[of])
    return cast


def _trial(cast: Cast, seats: Array) -> None:
    cast.organisation[seats], cast.payment[seats] = 0, 0
    cast.plan[seats], cast.verification[seats] = FREE, EMAIL


KINDS.add(
    "migration",
    Kind("migration", "benign", "A company's seats, registered within an hour overnight and all at work the next morning.", Migration, build),
)
