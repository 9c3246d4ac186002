"""Anthropic Messages requests and responses, one pair per line."""

from __future__ import annotations

from collections.abc import Iterator

from stillwatch.ingest.conversation import answer_of, messages_of
from stillwatch.ingest.envelope import Envelope, bodies_of, opened, request_of
from stillwatch.ingest.request import Context, Request
from stillwatch.ingest.sample import Sample
from stillwatch.ingest.thoughts import with_thoughts
from stillwatch.ingest.values import Row, first, inner, mapping_of, text, whole
from stillwatch.registry import FORMATS, Format


def detect(sample: Sample) -> float:
    """Rows with a mark that only this API has."""
    found = bodies_of(sample)
    return (
        0.9
        if found
        and all("messages" in e.body or mapping_of(e.answer).get("type") == "message" for e in found)
        and all(map(is_anthropic, found))
        else 0.0
    )


def is_anthropic(envelope: Envelope) -> bool:
    """Whether a line carries a mark of this API."""
    body, answer = envelope.body, mapping_of(envelope.answer)
    if (
        "anthropic-version" in envelope.headers
        or "anthropic_version" in body
        or answer.get("type") == "message"
    ):
        return True
    path = first(envelope.row, "path", "url", "endpoint", "request.path", "request.url")
    if isinstance(path, str) and path.rstrip("/").endswith("/messages"):
        return True
    return (
        "messages" in body
        and body is not envelope.row
        and ("system" in body or "thinking" in body or str(body.get("model", "")).startswith("claude"))
    )


def read(row: Row, context: Context) -> Iterator[Request]:
    """One line as a request."""
    envelope = opened(row)
    yield filled(request_of(envelope, context), envelope)


def filled(request: Request, envelope: Envelope) -> Request:
    """Add to the request its words, its tokens and its end user."""
    row, body, answer = envelope.row, envelope.body, envelope.answer
    usage = mapping_of(first({"a": answer, "r": row}, "a.usage", "r.usage"))
    cached = [
        whole(usage.get(name)) or 0 for name in ("cache_read_input_tokens", "cache_creation_input_tokens")
    ]
    fresh = whole(usage.get("input_tokens"))
    # This API counts cached tokens separately from input_tokens; every other format includes them.
    request.input_tokens = fresh if fresh is None or fresh < 0 else fresh + sum(max(n, 0) for n in cached)
    request.output_tokens = whole(usage.get("output_tokens"))
    request.end_user = text(mapping_of(body.get("metadata")).get("user_id"))
    request.messages = messages_of(inner(body.get("messages")), body.get("system"))
    request.answer = answer_of(answer)
    return with_thoughts(request, answer, body.get("messages"))


FORMATS.add(
    "anthropic_messages_jsonl",
    Format(
        name="anthropic_messages_jsonl",
        title="Anthropic Messages requests and responses, one a line",
        source="Anthropic API reference: messages",
        suffixes=(".jsonl", ".ndjson", ".json", ".parquet"),
        detect=detect,
        read=read,
        blind_spots="What stands around the body differs from operator to operator. Reasoning tokens are "
        "not counted apart by this API.",
    ),
)
