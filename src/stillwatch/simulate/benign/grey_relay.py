"""A relay or resale of access: few owners behind many accounts, and real people's words."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stillwatch.simulate.accounts import CARD, DAY, FLAT, HOUR, PLUS, Accounts
from stillwatch.simulate.benign.grey_pool import cards_of, exits_of
from stillwatch.simulate.ordinary_accounts import Setting, neighbours
from stillwatch.simulate.specs import KINDS, Kind, Population


@dataclass(frozen=True)
class Relay(Population):
    """Each group is one relay."""

    end_users: int = 250
    """People behind each account, whose ids are not passed on."""
    accounts_per_card: int = 5
    """Accounts that one card pays for."""


def build(spec: Relay, n: int, setting: Setting, rng: np.random.Generator) -> Accounts:
    """Make accounts with shared cards, servers and registration bursts, even loads, and diverse words.

    They tempt payment, address, registration, even_load, round_the_clock and many_hands. None of their
    prompts is a harvest, so coordinated is right.
    """
    accounts, region_of = neighbours(spec, n, setting, rng)
    of = accounts.group - 1
    accounts.end_users[:], accounts.silent[:] = spec.end_users, True
    accounts.plan[:], accounts.verification[:], accounts.organisation[:] = PLUS, CARD, 0
    accounts.payment = cards_of(accounts, spec.accounts_per_card, rng)
    accounts.at(exits_of(accounts, 6, 3, setting, rng))
    accounts.client = accounts.other_client = setting.clients.popular(len(region_of), rng)[of]
    accounts.parameters = setting.clients.popular_parameters(len(region_of), rng)[of]
    opened = setting.start - rng.integers(5 * DAY, 40 * DAY, len(region_of))[of]
    accounts.created = opened + (rng.random(n) * 18 * HOUR).astype(np.int64)
    accounts.first[:], accounts.last[:], accounts.banned[:] = setting.start, setting.end, 0
    accounts.sure = rng.integers(0, setting.days, n)
    accounts.rhythm[:], accounts.weekend[:], accounts.burst[:] = FLAT, 1.0, 8.0
    accounts.stay[:], accounts.gap[:] = 0.5, 40.0
    return accounts


KINDS.add(
    "grey_relay",
    Kind(
        "grey_relay",
        "doubtful",
        "A relay of real people through accounts that declare nothing: coordinated, purpose unknown.",
        Relay,
        build,
    ),
)
