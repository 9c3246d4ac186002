"""Loaded by LiteLLM: an account for each key, and the guard with a log of exchanges.

LiteLLM keeps logs of its own, which `detect` reads too; here the guard's own format is written, with words.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from litellm.proxy._types import ProxyException, UserAPIKeyAuth, hash_token

from stillwatch.guard.exchanges import Exchange, ExchangeLog
from stillwatch.guard.litellm import Policy
from stillwatch.guard.litellm_settings import PolicySettings
from stillwatch.guard.opened import Opened

PATH = "/v1/chat/completions"
SENT = (
    "model",
    "messages",
    "tools",
    "response_format",
    "temperature",
    "top_p",
    "max_tokens",
    "n",
    "stop",
    "seed",
)


async def customer(request: Any, api_key: str) -> UserAPIKeyAuth:
    """The customer of a key: sk-ACCOUNT."""
    return UserAPIKeyAuth(api_key=hash_token(api_key), user_id=api_key.removeprefix("sk-"))


class Logged(Policy):
    """The guard over the state, which writes each exchange down."""

    def opened(self, settings: PolicySettings) -> Opened:
        """The guard."""
        found = super().opened(settings)
        self._log = ExchangeLog(Path(os.environ["EXCHANGES"]), str, words=True)
        close = found.close

        def both() -> None:
            self._log.close()
            close()

        return Opened(found.guard, found.health, both, found.cohort_key)

    async def async_pre_call_hook(
        self, user_api_key_dict: Any, cache: Any, data: dict[str, Any], call_type: str
    ) -> None:
        """Decide; a refusal is an exchange too."""
        try:
            await super().async_pre_call_hook(user_api_key_dict, cache, data, call_type)
        except ProxyException as refused:
            decision = str(refused.headers.get("x-policy-reference", ""))
            self._write(user_api_key_dict.user_id, data, int(str(refused.code)), {}, decision)
            raise

    async def async_log_success_event(
        self, kwargs: dict[str, Any], response_obj: Any, start_time: Any, end_time: Any
    ) -> None:
        """Tell the budgets what was used, and write the exchange."""
        await super().async_log_success_event(kwargs, response_obj, start_time, end_time)
        params = kwargs["litellm_params"]
        account = params["metadata"].get("user_api_key_user_id") or ""
        answer = response_obj.model_dump() if hasattr(response_obj, "model_dump") else {}
        self._write(account, params, 200, answer, str(params["metadata"].get("policy_decision") or ""))

    def _write(
        self, account: str, holder: Mapping[str, Any], status: int, answer: dict[str, Any], decision: str
    ) -> None:
        sent = holder["proxy_server_request"]
        headers = {str(name).lower(): str(value) for name, value in sent["headers"].items()}
        body = sent["body"]
        self._log.write(
            Exchange(
                os.urandom(12).hex(),
                account,
                datetime.fromisoformat(headers["x-world-time"]).timestamp(),
                PATH,
                status,
                0,
                headers.get("x-forwarded-for", ""),
                headers.get("x-ja4", ""),
                headers,
                {name: body[name] for name in SENT if name in body},
                answer,
                decision,
            )
        )
