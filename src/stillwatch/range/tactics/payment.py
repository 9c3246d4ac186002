"""A few dozen virtual cards behind many accounts."""

from __future__ import annotations

import numpy as np

from stillwatch.range.cast import FREE, Cast
from stillwatch.range.people import Setting, instruments
from stillwatch.range.specs import Campaign


def share_cards(spec: Campaign, cast: Cast, setting: Setting, rng: np.random.Generator) -> None:
    """Most paying accounts draw on the pool of cards; the rest have one each."""
    cards = instruments(max(spec.cards_at_least, round(spec.cards * setting.scale)), rng)
    setting.bulk["cards"].update(cards.tolist())
    shared = (rng.random(len(cast)) < spec.card_share) & (cast.plan != FREE)
    cast.payment = np.where(shared, cards[rng.integers(0, len(cards), len(cast))], cast.payment)
