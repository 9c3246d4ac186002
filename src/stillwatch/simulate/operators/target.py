"""The model that a campaign targets, and another that it moves to when the first is guarded too well."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from stillwatch.simulate.accounts import DAY, Array
from stillwatch.simulate.ordinary_accounts import Setting
from stillwatch.simulate.specs import Campaign


def chosen(spec: Campaign, usual: Array, setting: Setting) -> Array:
    """Return the number of the model that the campaign names, for all its accounts, else the `usual` ones."""
    return np.full_like(usual, number_of(spec.model, setting)) if spec.model else usual


def moved(
    campaigns: Sequence[Campaign], setting: Setting, campaign: Array, time: Array, before: Array
) -> Array:
    """Return the models of exchanges, with those of campaigns that have moved replaced.

    `campaign` is the number of each exchange's campaign, -1 for none.
    """
    after = before
    for i, spec in enumerate(campaigns):
        if spec.moves_to:
            since = setting.start + (spec.first_day + spec.moves_day) * DAY
            after = np.where((campaign == i) & (time >= since), number_of(spec.moves_to, setting), after)
    return after


def number_of(name: str, setting: Setting) -> int:
    """Return a model's number."""
    return [model.name for model in setting.models].index(name)
