"""Chat completions and the APIs whose requests are read alike: Responses, Gemini, Bedrock, Cohere, Ollama."""

from __future__ import annotations

from typing import Any

from stillwatch.ingest.conversation import answer_of
from stillwatch.ingest.dialects.said import SAID, said
from stillwatch.ingest.request import Request
from stillwatch.ingest.thoughts import with_thoughts
from stillwatch.ingest.usage import add_counts
from stillwatch.ingest.values import Row, text


def chat(request: Request, body: Row, answer: Any, usage: Row, headers: Row) -> Request:
    """Fill a request from bodies of these APIs."""
    add_counts(request, usage)
    request.end_user = (
        text(body.get("safety_identifier"))
        or text(headers.get("openai-safety-identifier"))
        or text(body.get("user"))
    )
    request.messages = said(body)
    request.answer = answer_of(answer)
    return with_thoughts(request, answer, *(body.get(name) for name in SAID))
