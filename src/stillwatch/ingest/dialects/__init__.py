"""What a request said and what came back, whichever API's words the two bodies use."""

from __future__ import annotations

from typing import Any

from stillwatch.ingest.conversation import answer_of
from stillwatch.ingest.dialects.anthropic import anthropic, is_anthropic
from stillwatch.ingest.dialects.chat import chat
from stillwatch.ingest.dialects.said import SAID, said
from stillwatch.ingest.request import Request
from stillwatch.ingest.streams import put_together
from stillwatch.ingest.usage import usage_of
from stillwatch.ingest.values import Row, inner, mapping_of, text

__all__ = ["SAID", "fill", "is_anthropic", "said"]


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

    body, answer: as the API has them, the answer also as a stream (`put_together`); empty where the log has
    none. usage: the counts of tokens, where they stand outside the answer. path: of the call, if known.
    headers: of the request, by lower-case name.
    """
    written, answer = answer, put_together(inner(answer))
    counts = usage_of(answer) or mapping_of(usage)
    if request.model is None:
        request.model = model_of(answer)
    if is_anthropic(body, answer, path=path, headers=headers or {}):
        request = anthropic(request, body, answer, counts)
    else:
        request = chat(request, body, answer, counts, headers or {})
    if request.answer is None and type(written) is str:
        request.answer = answer_of(written)  # an answer in JSON, not the response around it
    return request


def model_of(answer: Any) -> str | None:
    """Return the model that a response names."""
    given = mapping_of(answer)
    return text(given.get("model")) or text(given.get("modelVersion"))
