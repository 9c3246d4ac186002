"""Accounts that look like unrelated people in one family of facets."""

from __future__ import annotations

import numpy as np

from stillwatch.range.cast import FREE, HOUR, Array, Cast
from stillwatch.range.paraphrase import HEAVY
from stillwatch.range.people import Setting, instruments
from stillwatch.range.specs import Campaign

COLUMNS = {
    "network": ("places", "place_count"),
    "identity": ("domain", "shape", "phone", "created"),
    "software": ("client", "other_client", "parameters"),
    "rhythm": ("rhythm", "shift", "weekend", "stay", "gap", "even", "burst"),
    "content": (),
}
"""What an unrelated person has of its own, by family; content is made apart below."""
FAMILIES = tuple(COLUMNS)
Before = dict[str, Array]


def remember(spec: Campaign, cast: Cast) -> Before:
    """The columns that isolation will give back, as they are of people who never met."""
    return {name: getattr(cast, name).copy() for family in spec.isolated for name in COLUMNS[family]}


def isolate(spec: Campaign, cast: Cast, before: Before, setting: Setting, rng: np.random.Generator) -> None:
    """Give a share of the accounts the marks of unrelated people back; what they ask for and how much
    stays.
    """
    if not spec.isolated:
        return
    # A stream of its own: whoever is isolated, all else stays as it was drawn.
    rng = rng.spawn(1)[0]
    for family in FAMILIES:
        share = spec.isolated.get(family, 0.0)
        inside = np.flatnonzero(rng.random(len(cast)) < share) if share else np.zeros(0, np.int64)
        weekend = cast.weekend[inside]
        for name in COLUMNS[family] if len(inside) else ():
            getattr(cast, name)[inside] = before[name][inside]
        # As much a week as before.
        cast.rate[inside] *= (5 + 2 * weekend) / (5 + 2 * cast.weekend[inside])
        if family == "identity":
            _own_papers(cast, inside, setting, rng)
        if family == "content":
            cast.paraphrase[inside], cast.untooled[inside] = HEAVY, True


def _own_papers(cast: Cast, inside: Array, setting: Setting, rng: np.random.Generator) -> None:
    """A payment instrument of its own, and a registration before its first use."""
    cast.payment[inside] = np.where(cast.plan[inside] == FREE, 0, instruments(len(inside), rng))
    before_use = cast.first[inside] - (rng.uniform(1, 72, len(inside)) * HOUR).astype(np.int64)
    cast.created[inside] = np.maximum(np.minimum(cast.created[inside], before_use), setting.launched)
