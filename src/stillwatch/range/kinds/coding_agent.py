"""Developers whose coding agents work in tight loops with tools."""

from __future__ import annotations

import numpy as np

from stillwatch.range.cast import API, OFFICE, Cast
from stillwatch.range.people import Setting, pay, people
from stillwatch.range.specs import KINDS, Kind, Population

BUILDS = (
    ("harness-cli/2.1.4", "node v22.12.0"),
    ("harness-cli/2.1.1", "node v20.18.1"),
    ("harness-cli/2.0.9", "node v24.2.0"),
)


def build(spec: Population, n: int, setting: Setting, rng: np.random.Generator) -> Cast:
    """Unrelated developers who run the same popular agent: one system prompt, one tool set, long contexts."""
    cast = people(spec, n, setting, rng)
    systems = ("MacOS arm64", "Linux x64", "Windows x64")
    builds = np.array(
        [setting.clients.add(agent, runtime, system) for agent, runtime in BUILDS for system in systems]
    )
    cast.client = builds[(len(builds) * rng.random(n) ** 1.5).astype(np.int64)]
    cast.plan[:] = API
    pay(cast, rng)
    cast.rhythm[:], cast.weekend, cast.burst[:] = OFFICE, rng.choice([0.2, 0.9], n), 0.6
    cast.stay[:], cast.gap[:] = 0.96, 12.0
    cast.adopts, cast.adopt_hours = rng.choice([0.1, 0.9], n), rng.uniform(6, 150, n)
    return cast


KINDS.add(
    "coding_agent",
    Kind(
        "coding_agent",
        "benign",
        "Developers whose coding agents loop with tools and long contexts.",
        Population,
        build,
    ),
)
