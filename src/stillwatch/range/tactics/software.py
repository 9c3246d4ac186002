"""One client build across accounts whose owners never met."""

from __future__ import annotations

import numpy as np

from stillwatch.range.cast import Array, Cast
from stillwatch.range.people import Setting
from stillwatch.range.specs import Pathway


def install(pathway: Pathway, cast: Cast, inside: Array, setting: Setting, rng: np.random.Generator) -> None:
    """Give most accounts of a pathway its build and its parameters; the others look like anyone."""
    build = setting.clients.add(pathway.agent, pathway.runtime, pathway.system)
    same = inside[rng.random(len(inside)) < pathway.build_share]
    cast.client[same] = build
    cast.other_client[inside] = np.where(rng.random(len(inside)) < 0.5, build, cast.other_client[inside])
    if pathway.builds > 1:
        _deal_out(pathway.builds, build, cast, same, setting, rng)
    if pathway.parameters:
        cast.parameters[inside] = setting.clients.add_parameters(pathway.parameters)


def _deal_out(
    builds: int, first: int, cast: Cast, same: Array, setting: Setting, rng: np.random.Generator
) -> None:
    """Give each account one of several builds for good: the pathway's own, or one of a few popular ones."""
    rng = rng.spawn(1)[0]
    popular = np.unique(setting.clients.popular(64 * builds, rng))
    chosen = np.concatenate([[first], rng.permutation(popular)[: builds - 1]])
    cast.client[same] = chosen[rng.integers(0, len(chosen), len(same))]
    cast.other_client[same] = cast.client[same]
