"""Hobbyists who run one open pipeline for synthetic data with its defaults."""

from __future__ import annotations

import numpy as np

from stillwatch.range.cast import API, DAY, HOME, Cast
from stillwatch.range.people import Setting, pay, people
from stillwatch.range.specs import KINDS, Kind, Population

BUILDS = (
    ("synthkit/1.3.0 OpenAI/Python 2.11.0", "CPython 3.11.11"),
    ("synthkit/1.2.4 OpenAI/Python 2.6.0", "CPython 3.12.3"),
    ("synthkit/1.2.4 OpenAI/Python 2.6.0", "CPython 3.11.11"),
)


def build(spec: Population, n: int, setting: Setting, rng: np.random.Generator) -> Cast:
    """Strangers with identical harvest templates, tool and parameters, each for some days of its own; one
    group in the truth.
    """
    cast = people(spec, n, setting, rng)
    cast.group[:] = 1
    builds = np.array(
        [
            setting.clients.add(agent, runtime, system)
            for agent, runtime in BUILDS
            for system in ("Linux x64", "MacOS arm64")
        ]
    )
    cast.client = cast.other_client = builds[(len(builds) * rng.random(n) ** 1.5).astype(np.int64)]
    cast.parameters[:] = setting.clients.named["synthkit"]
    cast.plan[:] = API
    pay(cast, rng)
    life = (rng.uniform(1.5, 6, n) * DAY).astype(np.int64)
    latest = np.maximum(setting.end - life, cast.first)
    cast.first = cast.first + ((latest - cast.first) * rng.random(n)).astype(np.int64)
    cast.last = np.minimum(np.where(cast.banned > 0, cast.banned, setting.end), cast.first + life)
    cast.first = np.minimum(cast.first, cast.last - DAY // 24)
    cast.rate = cast.rate * setting.days * DAY / np.maximum(cast.last - cast.first, DAY // 4)
    cast.sure = (cast.first - setting.start) // DAY
    cast.rhythm[:], cast.burst[:] = HOME, 1.0
    cast.stay[:], cast.gap[:] = 0.95, 3.0
    return cast


KINDS.add(
    "hobby_pipeline",
    Kind(
        "hobby_pipeline",
        "benign",
        "Hobbyists who make synthetic data with one open pipeline's default prompts.",
        Population,
        build,
    ),
)
