"""Helicone's requests, as its export tool and its API write them."""

from __future__ import annotations

import json
from collections.abc import Iterator

from stillwatch.ingest.endpoints import other_path
from stillwatch.ingest.gateway import account_of, tagged, with_settings, with_words
from stillwatch.ingest.request import Context, Request, SteppedOver
from stillwatch.ingest.sample import Sample
from stillwatch.ingest.values import Row, first, first_text, inner, mapping_of, micro_dollars, whole
from stillwatch.registry import FORMATS, Format

PROPERTIES = ("request_properties", "properties")
ACCOUNTS = (
    "request_user_id",
    "helicone_user",
    "user_id",
    *tagged(*PROPERTIES),
    "request_auth_hash",
    "auth_hash",
)


def detect(sample: Sample) -> float:
    """The times of request and response under Helicone's names."""
    if not sample.has("request_id", "request_created_at"):
        return 0.0
    return 0.95 if sample.columns & {"response_status", "response_id", "request_body", "status"} else 0.5


def read(row: Row, context: Context) -> Iterator[Request | SteppedOver]:
    """Read one request; other endpoints are stepped over."""
    path = first_text(row, "request_path", "target_url", "path")
    other = other_path(path)
    if other is not None:
        yield SteppedOver(other)
        return
    started = first(row, "request_created_at", "created_at")
    delay = first(row, "delay_ms", "latency")
    properties = mapping_of(first(row, *PROPERTIES))
    request = Request(
        request_id=first_text(row, "request_id"),
        account_id=account_of(row, context, *ACCOUNTS),
        time=context.moment(started, "request_created_at"),
        model=first_text(row, "request_model", "model", "response_model", "model_override"),
        status=whole(first(row, "response_status", "status")),
        input_tokens=whole(row.get("prompt_tokens")),
        output_tokens=whole(row.get("completion_tokens")),
        reasoning_tokens=whole(row.get("reasoning_tokens")),
        cached_tokens=whole(row.get("prompt_cache_read_tokens")),
        cache_written_tokens=whole(row.get("prompt_cache_write_tokens")),
        spend=micro_dollars(row.get("cost")),
        duration_ms=whole(delay)
        if delay is not None
        else context.span_ms(started, row.get("response_created_at")),
        conversation=first_text(
            properties, "Helicone-Session-Id", "helicone-session-id", "session_id", "sessionId"
        ),
    )
    yield with_words(
        request,
        with_settings(mapping_of(row.get("request_body"))),
        inner(row.get("response_body")),
        path=path,
    )


SAMPLE = {
    "request_id": "h1",
    "response_id": "h1-r",
    "request_created_at": "2026-02-01T12:00:00.000Z",
    "response_created_at": "2026-02-01T12:00:00.800Z",
    "request_user_id": "ada",
    "request_path": "https://api.example.com/v1/chat/completions",
    "request_body": {"model": "heron", "messages": [{"role": "user", "content": "what is a reef"}]},
    "response_body": {"choices": [{"message": {"role": "assistant", "content": "coral"}}]},
    "response_status": 200,
    "prompt_tokens": 9,
    "completion_tokens": 4,
    "cost": 0.000_06,
    "request_properties": {"Helicone-Session-Id": "s1"},
}
FORMATS.add(
    "helicone_requests",
    Format(
        name="helicone_requests",
        title="Helicone requests: @helicone/export (JSONL, JSON, CSV) or POST /v1/request/query-clickhouse",
        source="Helicone documentation: Get Requests; helicone/examples/export",
        suffixes=(".jsonl", ".json", ".csv"),
        detect=detect,
        read=read,
        blind_spots="No client address and no user agent. Words only with --include-body. The account is "
        "Helicone-User-Id, else a property, else the hash of the key",
        sample=json.dumps(SAMPLE) + "\n",
        gives=(
            {
                "request_id": "h1",
                "account_id": "ada",
                "model": "heron",
                "status": 200,
                "input_tokens": 9,
                "output_tokens": 4,
                "spend": 60,
                "duration_ms": 800,
                "conversation": "s1",
                "messages": [{"role": "user", "text": "what is a reef"}],
                "answer": "coral",
            },
        ),
    ),
)
