"""Banned accounts, and the fresh ones that take their place within hours."""

from __future__ import annotations

import numpy as np

from stillwatch.range.cast import DAY, HOUR, Cast
from stillwatch.range.people import Setting
from stillwatch.range.specs import Campaign


def replace_banned(spec: Campaign, cast: Cast, setting: Setting, rng: np.random.Generator) -> None:
    """Ban a share of the accounts in the middle of their time; the last accounts of the cast are their
    successors.
    """
    count = round(len(cast) * spec.banned)
    if count == 0:
        return
    gone, fresh = np.arange(count), np.arange(len(cast) - count, len(cast))
    until = cast.last[gone]
    when = cast.first[gone] + (
        rng.uniform(0.3, 0.8, count) * ((until - cast.first[gone]) / DAY) * DAY
    ).astype(np.int64)
    cast.last[fresh] = until
    cast.banned[gone] = cast.last[gone] = when
    cast.created[fresh] = when + (rng.uniform(0.5, 8, count) * HOUR).astype(np.int64)
    cast.first[fresh] = cast.created[fresh] + (rng.uniform(0.2, 6, count) * HOUR).astype(np.int64)
    for column in ("client", "parameters", "plan", "profile", "late_profile", "late_from", "model"):
        getattr(cast, column)[fresh] = getattr(cast, column)[gone]
    width = int(cast.place_count.min()) // 2
    cast.places[fresh, :width] = cast.places[gone, :width]
