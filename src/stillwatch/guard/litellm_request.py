"""What LiteLLM's proxy knows of a request before a model is asked, as the guard's own request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stillwatch.account_ids import chosen_account
from stillwatch.guard.litellm_settings import AccountField
from stillwatch.guard.request import Request
from stillwatch.response.inputs import RequestFacts

IDS = {
    AccountField.AUTO: ("user_id", "api_key", "team_id"),
    AccountField.USER: ("user_id",),
    AccountField.KEY: ("api_key",),
    AccountField.KEY_ALIAS: ("key_alias",),
    AccountField.TEAM: ("team_id",),
    AccountField.ORGANIZATION: ("org_id",),
    AccountField.END_USER: ("end_user_id",),
}
"""Attributes of UserAPIKeyAuth; `api_key` holds the key's hash there."""
WORDS = ("messages", "system", "input", "prompt", "instructions", "contents", "systemInstruction")
"""Fields of a request that hold its words, in any dialect."""
LIMITS = ("max_completion_tokens", "max_tokens", "max_output_tokens", "max_tokens_to_sample")
MOST_PARTS = 100_000
"""Parts of a request's words that are measured; what is beyond is not."""
LARGEST = 1 << 40
LONGEST_MODEL = 256
"""Characters kept of a model's name: while no record can be written, thousands wait in memory."""


def request_of(auth: Any, data: Mapping[str, Any], account: AccountField) -> Request:
    """Return the request. auth: LiteLLM's UserAPIKeyAuth. data: the body with what LiteLLM added."""
    ids = [getattr(auth, name, None) for name in IDS[account]]
    known = [one for one in ids if isinstance(one, str)]
    call = data.get("litellm_call_id")
    return Request(
        account=chosen_account(*known) or "",
        facts=facts_of(data),
        request_id=call if isinstance(call, str) else "",
        surface="litellm",
    )


def facts_of(data: Mapping[str, Any]) -> RequestFacts:
    """Return what a request asks for, without its words. A client may write anything into any field."""
    inside = data.get("generationConfig")
    settings = inside if isinstance(inside, Mapping) else {}
    limits = [whole(data.get(name)) for name in LIMITS] + [whole(settings.get("maxOutputTokens"))]
    n = max(whole(data.get("n")), whole(data.get("best_of")), whole(settings.get("candidateCount")))
    model = data.get("model")
    return RequestFacts(
        model=model[:LONGEST_MODEL] if isinstance(model, str) else "",
        stream=bool(data.get("stream")),
        input_bytes=sum(size_of(data[name]) for name in WORDS if name in data),
        max_tokens=max(limits),  # models differ in which of several they obey
        n=max(n, 1),
        logprobs=_wants_logprobs(data) or bool(settings.get("responseLogprobs")),
        reasoning=_wants_reasoning(data),
        tools=bool(data.get("tools") or data.get("functions")),
    )


def whole(value: Any) -> int:
    """Return a count as a client may write it, as 5, 5.0 or "5"; 0 if it is none."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 12:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < LARGEST:
        return 0
    return int(value)


def size_of(words: Any) -> int:
    """Return the bytes of all texts below a value, in UTF-8."""
    waiting, size, parts = [words], 0, 0
    while waiting and parts < MOST_PARTS:
        part = waiting.pop()
        parts += 1
        if isinstance(part, str):
            size += len(part) if part.isascii() else len(part.encode("utf-8", "replace"))
        elif isinstance(part, Mapping):
            waiting.extend(part.values())
        elif isinstance(part, list | tuple):
            waiting.extend(part)
    return size


def _wants_logprobs(data: Mapping[str, Any]) -> bool:
    if data.get("logprobs") not in (None, False) or data.get("top_logprobs"):
        return True
    include = data.get("include")
    return isinstance(include, list) and any("logprobs" in one for one in include if isinstance(one, str))


def _wants_reasoning(data: Mapping[str, Any]) -> bool:
    if data.get("reasoning_effort") not in (None, "none", ""):
        return True
    thinking = data.get("thinking")
    if isinstance(thinking, Mapping) and thinking.get("type") != "disabled":
        return True
    return bool(data.get("reasoning"))
