"""Loaded by LiteLLM: customers by their keys, its own spend rows, and a guard over accounts of a JSON file.

The file is read for each request, so that a test changes what is known while the proxy runs.
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

from guard_parts import NOW, FixedPolicy, OneBucket, fired
from litellm.integrations.custom_logger import CustomLogger
from litellm.proxy._types import UserAPIKeyAuth, hash_token
from litellm.proxy.spend_tracking.spend_tracking_utils import get_logging_payload

from stillwatch.guard.decide import Guard
from stillwatch.guard.litellm import Policy
from stillwatch.guard.litellm_settings import PolicySettings
from stillwatch.guard.opened import Health, Opened
from stillwatch.guard.records import DecisionRecords
from stillwatch.response.inputs import AccountState, CampaignState, Inputs
from stillwatch.response.known import Known
from stillwatch.response.ladder import Action, Consent, Permission, Step
from stillwatch.response.outcome import Outcome

FOLDER = Path(os.environ["LOG_FOLDER"])
TOLD = Consent("a test", "a person", "https://policy.example/restrictions")
ACTIONS = {
    "block": Action(Step.BLOCK),
    "verify": Action(Step.VERIFY),
    "slow": Action(Step.SLOW, campaign_tokens=5_000),
    "trim": Action(Step.TRIM, most_n=2, consent=TOLD),
    "route": Action(Step.ROUTE, model="sparrow", consent=TOLD),
    "mark": Action(Step.MARK, consent=TOLD),
    "summarise": Action(Step.SUMMARISE, consent=TOLD),
    "delay": Action(Step.SLOW, campaign_tokens=1 << 30, delay_ms=1_500),
    "asleep": Action(Step.SLOW, campaign_tokens=1 << 30),
    "used": Action(Step.SLOW, campaign_tokens=1 << 30),
}
"""What the policy does, by campaign."""


async def customer(request: Any, api_key: str) -> UserAPIKeyAuth:
    """The customer of a key: sk-CUSTOMER; sk-keyed-ANY has a key only."""
    hashed = hash_token(api_key)
    name = api_key.removeprefix("sk-")
    return UserAPIKeyAuth(api_key=hashed, user_id=None if name.startswith("keyed-") else name)


class FileState:
    """A state that is a JSON file: by account, its campaign and what was found of a permit."""

    digest = "0123456789abcdef"

    def known(self, account: str, model: str, now: float) -> Known | None:
        """The account."""
        found = json.loads((FOLDER / "accounts.json").read_text()).get(account)
        if found is None:
            return None
        if found["campaign"] == "broken":
            raise OSError("the state is broken")
        campaign = CampaignState(name=found["campaign"], verdict="adversarial", role="operator")
        permission = Permission(found.get("permission", "none"))
        return Known(5, AccountState(tier="named"), campaign, permission, since=NOW - 60)

    def fresh(self, now: float) -> bool:
        """Always."""
        return True


class CampaignPolicy(FixedPolicy):
    """A policy that does to each campaign what it is called."""

    def outcome(self, inputs: Inputs, draw: float) -> Outcome:
        """The action of the campaign."""
        return Outcome((fired(ACTIONS[inputs.campaign.name]),))


class Budget(OneBucket):
    """One bucket, which writes down what was settled."""

    def used(self, account: int, campaign: str, now: float) -> tuple[int, int]:
        """Take longer than a decision may, for one campaign."""
        if campaign == "asleep":
            time.sleep(3)
        return super().used(account, campaign, now)

    def settle(self, account: int, campaign: str, reserved: int, used: int, now: float) -> None:
        """Settle."""
        super().settle(account, campaign, reserved, used, now)
        with (FOLDER / "settled.jsonl").open("a") as file:
            file.write(json.dumps({"campaign": campaign, "reserved": reserved, "used": used}) + "\n")


class ByCampaign(Policy):
    """The guardrail over these parts."""

    def opened(self, settings: PolicySettings) -> Opened:
        """The guard."""
        records = DecisionRecords(FOLDER / settings.state, lambda name: name)
        failure = settings.config.failure
        guard = Guard(FileState(), CampaignPolicy, Budget(left=5_000), records, failure, lambda: NOW)
        return Opened(guard, lambda _now: Health(True), records.close, b"key")


class Writer(CustomLogger):  # type: ignore[misc]
    """Writes the row of SpendLogs that LiteLLM's own code makes of an answered call."""

    async def async_log_success_event(
        self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any
    ) -> None:
        """One call."""
        row = get_logging_payload(kwargs, response_obj, start_time, end_time)
        with (FOLDER / "spend.jsonl").open("a") as file:
            file.write(json.dumps(row, default=str) + "\n")


writer = Writer()
