"""Loaded by LiteLLM: customers by their keys, and its own two logs written as lines of JSON."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from litellm.integrations.custom_logger import CustomLogger
from litellm.proxy._types import UserAPIKeyAuth, hash_token
from litellm.proxy.spend_tracking.spend_tracking_utils import get_logging_payload

FOLDER = Path(os.environ["LOG_FOLDER"])


async def customer(request: Any, api_key: str) -> UserAPIKeyAuth:
    """The customer of a key: sk-CUSTOMER."""
    return UserAPIKeyAuth(api_key=hash_token(api_key), user_id=api_key.removeprefix("sk-"))


class Writer(CustomLogger):  # type: ignore[misc]
    """Writes the StandardLoggingPayload, and the row of SpendLogs that LiteLLM's own code makes."""

    async def async_log_success_event(
        self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any
    ) -> None:
        """One answered call."""
        self._write(kwargs, response_obj, start_time, end_time)

    async def async_log_failure_event(
        self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any
    ) -> None:
        """One call that failed; the proxy's own hook marks it so before its row is made."""
        told = kwargs["standard_logging_object"]["error_information"]
        kwargs["litellm_params"]["metadata"] |= {"status": "failure", "error_information": told}
        self._write(kwargs, response_obj, start_time, end_time)

    def _write(self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any) -> None:
        # A failed call has no first chunk; the proxy's own writer takes its end.
        began = kwargs.get("completion_start_time") or end_time
        row = get_logging_payload(
            {**kwargs, "completion_start_time": began}, response_obj, start_time, end_time
        )
        for name, written in (("payloads", kwargs["standard_logging_object"]), ("spend", row)):
            with (FOLDER / f"{name}.jsonl").open("a") as file:
                file.write(json.dumps(written, default=str) + "\n")


writer = Writer()
