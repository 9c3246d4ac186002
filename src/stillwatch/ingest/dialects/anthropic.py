"""Anthropic's Messages API."""

from __future__ import annotations

from typing import Any

from stillwatch.ingest.conversation import answer_of, messages_of
from stillwatch.ingest.request import Request
from stillwatch.ingest.thoughts import with_thoughts
from stillwatch.ingest.usage import add_counts
from stillwatch.ingest.values import Row, inner, mapping_of, text


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


def anthropic(request: Request, body: Row, answer: Any, usage: Row) -> Request:
    """Fill a request from bodies of this API."""
    add_counts(request, usage)
    request.end_user = text(mapping_of(body.get("metadata")).get("user_id"))
    request.messages = messages_of(inner(body.get("messages")), body.get("system"))
    request.answer = answer_of(answer)
    return with_thoughts(request, answer, body.get("messages"))
