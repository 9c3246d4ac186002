"""What LiteLLM tells about a call when it has ended."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stillwatch.guard.litellm_request import whole
from stillwatch.guard.litellm_rewrite import BUCKETS

PAIRS = (("prompt_tokens", "completion_tokens"), ("input_tokens", "output_tokens"))
"""Names of the two counts in the dialects."""


def note_of(details: Mapping[str, Any], name: str) -> str:
    """Return one of the request's notes from what LiteLLM hands to its loggers; empty if there is none."""
    params = details.get("litellm_params")
    for holder in (params, details):
        for bucket in BUCKETS:
            notes = holder.get(bucket) if isinstance(holder, Mapping) else None
            found = notes.get(name) if isinstance(notes, Mapping) else None
            if isinstance(found, str):
                return found
    return ""


def used_tokens(details: Mapping[str, Any], response: Any) -> int | None:
    """Return the tokens of a call, of the request and the answer; None if nobody tells them."""
    for usage in (
        details.get("standard_logging_object"),
        details.get("combined_usage_object"),
        _usage(response),
    ):
        for names in PAIRS:
            counted = sum(whole(_of(usage, name)) for name in names)
            if counted:
                return counted
    return None


def _usage(response: Any) -> Any:
    return _of(response, "usage")


def _of(holder: Any, name: str) -> Any:
    return holder.get(name) if isinstance(holder, Mapping) else getattr(holder, name, None)
