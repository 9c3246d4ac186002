"""Laboratories that loop over benchmark questions: the hardest benign look-alike."""

from __future__ import annotations

import numpy as np

from stillwatch.range.cast import BUSINESS, FLAT, Cast
from stillwatch.range.kinds.company import declare
from stillwatch.range.people import Setting, neighbours
from stillwatch.range.specs import KINDS, Kind, Population


def build(spec: Population, n: int, setting: Setting, rng: np.random.Generator) -> Cast:
    """Declared laboratories: the same fixed questions over several models and days, in machine loops, from
    servers.
    """
    cast, region_of = neighbours(spec, n, setting, rng)
    declare(cast, region_of, setting, rng, plans=(BUSINESS,), hosted=True)
    client = setting.clients.add("lm-eval/0.4.9 aiohttp/3.13.2", "CPython 3.11.11", "Linux x64")
    cast.client[:] = cast.other_client[:] = client
    cast.rhythm[:], cast.weekend[:], cast.burst[:] = FLAT, 1.0, 0.3
    cast.stay[:], cast.gap[:] = 0.97, 1.5
    cast.model = np.arange(n) % len(setting.models)
    cast.adopts[:] = 0.5
    cast.adopt_hours[:] = 48.0
    return cast


KINDS.add(
    "eval_harness",
    Kind(
        "eval_harness",
        "benign",
        "Declared laboratories that loop over fixed benchmark questions.",
        Population,
        build,
    ),
)
