"""Where a campaign's accounts and the homes in its address pool seem to be."""

from __future__ import annotations

import numpy as np

from stillwatch.simulate.accounts import Array
from stillwatch.simulate.ordinary_accounts import Setting
from stillwatch.simulate.specs import Campaign


def drawn(spec: Campaign, n: int, setting: Setting, rng: np.random.Generator) -> Array:
    """Regions by the campaign's shares, or as customers are where it names none."""
    if not spec.regions:
        return setting.places.draw_regions(n, rng)
    names = [region.name for region in setting.places.regions]
    weights = np.array(list(spec.regions.values()))
    return np.asarray(rng.choice([names.index(name) for name in spec.regions], n, p=weights / weights.sum()))
