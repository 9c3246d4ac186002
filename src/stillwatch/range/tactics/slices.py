"""A prompt list cut into slices, so that few accounts share a template."""

from __future__ import annotations

import numpy as np

from stillwatch.range.cast import Cast
from stillwatch.range.specs import Campaign


def deal_out(spec: Campaign, cast: Cast, rng: np.random.Generator) -> None:
    """Deal the slices out at random, in equal shares; a share of accounts sends no schemas of tools."""
    rng = rng.spawn(1)[0]
    if spec.slice_accounts:
        count = slices(spec, len(cast))
        cast.slice[:] = 1 + rng.permutation(len(cast)) % count
        cast.slices[:] = count
    if spec.untooled:
        cast.untooled[:] = rng.random(len(cast)) < spec.untooled


def slices(spec: Campaign, accounts: int) -> int:
    """Into how many slices the list of so many accounts is cut."""
    return -(-accounts // spec.slice_accounts) if spec.slice_accounts else 1
