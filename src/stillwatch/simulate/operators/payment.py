"""A few dozen virtual cards behind many accounts."""

from __future__ import annotations

import numpy as np

from stillwatch.simulate.accounts import FREE, Accounts
from stillwatch.simulate.ordinary_accounts import Setting, instruments
from stillwatch.simulate.specs import Campaign


def share_cards(spec: Campaign, accounts: Accounts, setting: Setting, rng: np.random.Generator) -> None:
    """Let most paying accounts use the pool of cards; the rest have one each."""
    cards = instruments(max(spec.cards_at_least, round(spec.cards * setting.scale)), rng)
    setting.bulk["cards"].update(cards.tolist())
    shared = (rng.random(len(accounts)) < spec.card_share) & (accounts.plan != FREE)
    accounts.payment = np.where(shared, cards[rng.integers(0, len(cards), len(accounts))], accounts.payment)
