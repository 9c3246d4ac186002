"""The regions of a campaign's accounts, and of the homes in its address pool."""

from __future__ import annotations

import numpy as np

from stillwatch.simulate.accounts import Array
from stillwatch.simulate.ordinary_accounts import Setting
from stillwatch.simulate.specs import Campaign


def drawn(spec: Campaign, n: int, setting: Setting, rng: np.random.Generator) -> Array:
    """Draw regions by the campaign's shares, or as customers have them if it names none."""
    if not spec.regions:
        return setting.places.draw_regions(n, rng)
    names = [region.name for region in setting.places.regions]
    weights = np.array(list(spec.regions.values()))
    return np.asarray(rng.choice([names.index(name) for name in spec.regions], n, p=weights / weights.sum()))
