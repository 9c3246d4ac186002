"""Loaded by the proxies that are measured: a customer for each key, and a guard over as many accounts as told."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from litellm.proxy._types import UserAPIKeyAuth, hash_token

from stillwatch.guard.decide import Guard
from stillwatch.guard.litellm import Policy
from stillwatch.guard.litellm_settings import PolicySettings
from stillwatch.guard.opened import Health, Opened
from stillwatch.guard.ports import Reserved
from stillwatch.guard.records import DecisionRecords
from stillwatch.response.inputs import AccountState, CampaignState, Inputs
from stillwatch.response.known import Known
from stillwatch.response.ladder import Action, Permission, Stage, Step
from stillwatch.response.outcome import Fired, Outcome

CAMPAIGN = CampaignState(name="c1", verdict="adversarial", role="operator")
SLOWED = "slowed"
"""The customer that is in the campaign and meets a budget that is never spent."""


async def customer(request: Any, api_key: str) -> UserAPIKeyAuth:
    """The customer of a key: sk-CUSTOMER."""
    return UserAPIKeyAuth(api_key=hash_token(api_key), user_id=api_key.removeprefix("sk-"))


class Accounts:
    """A state that is a dictionary."""

    digest = "0123456789abcdef"

    def __init__(self, accounts: Mapping[str, Known]) -> None:
        self._accounts = accounts

    def known(self, account: str, model: str, now: float) -> Known | None:
        """The account."""
        return self._accounts.get(account)

    def fresh(self, now: float) -> bool:
        """Always."""
        return True


class Rule:
    """A policy of one rule."""

    digest = "0123456789ab"
    acts = True

    def outcome(self, inputs: Inputs, key: int) -> Outcome:
        """Slow everybody down."""
        slow = Action(Step.SLOW, campaign_tokens=1 << 40)
        return Outcome((Fired("slow", "0123456789ab", Stage.LIVE, slow, "restricted", 1 << 30),))


class Endless:
    """Budgets that are never spent."""

    def reserve(
        self, account: int, campaign: str, tokens: int, account_rate: int, campaign_rate: int, now: float
    ) -> Reserved:
        """Grant."""
        return Reserved(True)

    def settle(self, account: int, campaign: str, reserved: int, used: int, now: float) -> None:
        """Nothing to do."""

    def used(self, account: int, campaign: str, now: float) -> tuple[int, int]:
        """None."""
        return 0, 0


class Measured(Policy):
    """The guardrail over these parts."""

    def opened(self, settings: PolicySettings) -> Opened:
        """The guard."""
        named = AccountState(tier="named")
        accounts = {
            f"a{n}": Known(n, named, CAMPAIGN, Permission.NONE, since=1.0)
            for n in range(int(os.environ["ACCOUNTS"]))
        }
        accounts[SLOWED] = Known(1 << 40, named, CAMPAIGN, Permission.NONE, since=1.0)
        records = DecisionRecords(Path(settings.state), lambda name: name)
        guard = Guard(Accounts(accounts), Rule, Endless(), records, settings.config.failure)
        return Opened(guard, lambda _now: Health(True), records.close)
