"""Companies that move to the provider overnight."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stillwatch.range.cast import DAY, EMAIL, FREE, HOUR, MINUTE, OFFICE, TEAM, Array, Cast
from stillwatch.range.kinds.company import declare
from stillwatch.range.people import Setting, neighbours
from stillwatch.range.specs import KINDS, Kind, Population

CUT_OFF = 13
"""Local hour."""


@dataclass(frozen=True)
class Migration(Population):
    """Each group is one company."""

    declared: float = 0.6
    """Share of companies whose contract stands on the first day; the others begin with trial seats that share
    a mail domain and declare nothing.
    """


def build(spec: Migration, n: int, setting: Setting, rng: np.random.Generator) -> Cast:
    """Hundreds of seats made by a script in one hour of a night, at work from the hour of the next day in
    which the old assistant is cut off.
    """
    cast, region_of = neighbours(spec, n, setting, rng)
    declare(cast, region_of, setting, rng, plans=(TEAM,))
    groups, of = len(region_of), cast.group - 1
    offset = np.array([r.utc_offset for r in setting.places.regions])[region_of]
    day = rng.integers(1, max(2, setting.days - 3), groups)
    switch = setting.start + day * DAY + ((CUT_OFF - offset) % 24 * HOUR).astype(np.int64)
    cast.created = (switch - rng.integers(10, 16, groups) * HOUR)[of] + rng.integers(0, 40 * MINUTE, n)
    cast.first = switch[of] + rng.integers(0, 20 * MINUTE, n)
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
    Kind(
        "migration",
        "benign",
        "A company's seats, registered within an hour of one night and at work from the same hour of the "
        "next day.",
        Migration,
        build,
    ),
)
