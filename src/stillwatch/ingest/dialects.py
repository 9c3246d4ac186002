"""What a request said and what came back, whichever API's words the two bodies use."""

from __future__ import annotations

from typing import Any

from stillwatch.ingest.conversation import Messages, answer_of, messages_of
from stillwatch.ingest.request import Request
from stillwatch.ingest.thoughts import with_thoughts
from stillwatch.ingest.values import Row, first, inner, mapping_of, text, whole

SAID = ("messages", "input", "contents")
"""Where a request has its messages: chat completions, responses, Gemini's own API."""


def fill(
    request: Request,
    body: Row,
    answer: Any,
    *,
    usage: Any = None,
    path: Any = "",
    headers: Row | None = None,
) -> Request:
    """Add to a request its words, its tokens and its end user, from the bodies of request and response.

    body, answer: as the API has them; empty where the log has none. usage: the counts of tokens, where they
    stand outside the answer. path: of the call, if known. headers: of the request, by lower-case name.
    """
    counts = mapping_of(mapping_of(answer).get("usage")) or mapping_of(usage)
    if is_anthropic(body, answer, path=path, headers=headers or {}):
        return _anthropic(request, body, answer, counts)
    return _chat(request, body, answer, counts, headers or {})


def is_anthropic(body: Row, answer: Any, *, path: Any = "", headers: Row) -> bool:
    """Whether the bodies carry a mark of the Messages API."""
    given = mapping_of(answer)
    if "anthropic-version" in headers or "anthropic_version" in body or given.get("type") == "message":
        return True
    if isinstance(path, str) and path.rstrip("/").endswith("/messages"):
        return True
    return "messages" in body and (
        "thinking" in body
        or str(body.get("model", "")).startswith("claude")
        or ("system" in body and "max_tokens" in body and "choices" not in given)
    )


def said(body: Row) -> Messages | None:
    """Return the messages of a chat completion, a response, a Gemini request or an old completion."""
    system = (
        body.get("instructions")
        or body.get("system")
        or mapping_of(first(body, "systemInstruction", "system_instruction")).get("parts")
    )
    messages = next((found for found in (inner(body.get(name)) for name in SAID) if found is not None), None)
    return messages_of(body.get("prompt") if messages is None else messages, system)


def _anthropic(request: Request, body: Row, answer: Any, usage: Row) -> Request:
    cached, written = (
        whole(usage.get(name)) for name in ("cache_read_input_tokens", "cache_creation_input_tokens")
    )
    fresh = whole(usage.get("input_tokens"))
    request.cached_tokens, request.cache_written_tokens = cached, written
    # This API counts cached tokens separately from input_tokens; every other format includes them.
    request.input_tokens = (
        fresh if fresh is None or fresh < 0 else fresh + sum(max(n or 0, 0) for n in (cached, written))
    )
    request.output_tokens = whole(usage.get("output_tokens"))
    request.end_user = text(mapping_of(body.get("metadata")).get("user_id"))
    request.messages = messages_of(inner(body.get("messages")), body.get("system"))
    request.answer = answer_of(answer)
    return with_thoughts(request, answer, body.get("messages"))


def _chat(request: Request, body: Row, answer: Any, usage: Row, headers: Row) -> Request:
    details = mapping_of(usage.get("completion_tokens_details") or usage.get("output_tokens_details"))
    asked = mapping_of(usage.get("prompt_tokens_details") or usage.get("input_tokens_details"))
    request.input_tokens = whole(first(usage, "prompt_tokens", "input_tokens"))
    request.output_tokens = whole(first(usage, "completion_tokens", "output_tokens"))
    request.reasoning_tokens = whole(details.get("reasoning_tokens"))
    request.cached_tokens = whole(asked.get("cached_tokens"))
    request.end_user = (
        text(body.get("safety_identifier"))
        or text(headers.get("openai-safety-identifier"))
        or text(body.get("user"))
    )
    request.messages = said(body)
    request.answer = _answer(answer)
    return with_thoughts(request, answer, *(body.get(name) for name in SAID))


def _answer(answer: Any) -> str | None:
    if isinstance(answer, list) and all(isinstance(chunk, dict) and "choices" in chunk for chunk in answer):
        return "".join(answer_of(chunk) or "" for chunk in answer) or None
    return answer_of(answer)
