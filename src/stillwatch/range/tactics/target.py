"""Which model a campaign is after: one that it names, and another that it moves to when the first is guarded
too well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from stillwatch.range.cast import DAY, Array
from stillwatch.range.people import Setting
from stillwatch.range.specs import Campaign

if TYPE_CHECKING:
    from stillwatch.range.world import World


def chosen(spec: Campaign, usual: Array, setting: Setting) -> Array:
    """The number of the model that the campaign names, for all its accounts; else the `usual` ones."""
    return np.full_like(usual, number_of(spec.model, setting)) if spec.model else usual


def moved(world: World, account: Array, time: Array, before: Array) -> Array:
    """The models of exchanges, those of campaigns that have moved replaced."""
    after = before
    for i, spec in enumerate(world.scenario.campaigns):
        if spec.moves_to:
            since = world.setting.start + (spec.first_day + spec.moves_day) * DAY
            gone = (world.cast.campaign[account] == i) & (time >= since)
            after = np.where(gone, number_of(spec.moves_to, world.setting), after)
    return after


def number_of(name: str, setting: Setting) -> int:
    """A model's number."""
    return [model.name for model in setting.models].index(name)
