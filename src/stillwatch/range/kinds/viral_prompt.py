"""Strangers all over the world who try one prompt within days of its going viral."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from stillwatch.range.cast import DAY, HOUR, MINUTE, Cast
from stillwatch.range.people import Setting, people
from stillwatch.range.specs import KINDS, Kind, Population


@dataclass(frozen=True)
class Viral(Population):
    """One prompt; its volume is that of the wave."""

    newcomers: float = 0.4
    """Share that registers for it."""
    hours: float = 9.0
    """Mean hours after its beginning at which an account joins."""
    lasting: ClassVar[bool] = False


def build(spec: Viral, n: int, setting: Setting, rng: np.random.Generator) -> Cast:
    """Unrelated people: the same words, begun in the same hours of one night and day, by accounts of which
    many are as old; one group in the truth.
    """
    cast = people(spec, n, setting, rng)
    cast.group[:] = 1
    begins = setting.start + int(rng.uniform(0.5, max(0.6, setting.days - 3)) * DAY)
    cast.first = np.minimum(
        begins + (rng.exponential(spec.hours, n) * HOUR).astype(np.int64), setting.end - 3 * HOUR
    )
    minutes = (rng.exponential(8, n) * MINUTE).astype(np.int64)
    cast.created = np.where(
        rng.random(n) < spec.newcomers, cast.first - minutes, np.minimum(cast.created, cast.first - minutes)
    )
    cast.banned[:] = 0
    cast.last = np.minimum(setting.end, cast.first + ((0.5 + rng.exponential(1.2, n)) * DAY).astype(np.int64))
    cast.sure = (cast.first - setting.start) // DAY
    cast.rate = cast.rate * setting.days * DAY / (cast.last - cast.first)
    cast.burst[:] = 0.5
    return cast


KINDS.add(
    "viral_prompt",
    Kind(
        "viral_prompt",
        "benign",
        "Strangers who try one prompt in the days after it went viral, from the same hours on.",
        Viral,
        build,
    ),
)
