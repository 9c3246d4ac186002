"""Anthropic Messages requests and responses, one pair per line."""

from __future__ import annotations

import json

from stillwatch.ingest.envelope import Envelope, asking, read_line
from stillwatch.ingest.line_outline import LINE
from stillwatch.ingest.sample import Sample
from stillwatch.ingest.values import mapping_of
from stillwatch.registry import FORMATS, Format


def detect(sample: Sample) -> float:
    """Rows with a mark that only this API has."""
    found = asking(sample)
    return (
        0.9
        if found
        and all("messages" in e.body or mapping_of(e.answer).get("type") == "message" for e in found)
        and all(map(speaks_anthropic, found))
        else 0.0
    )


def speaks_anthropic(envelope: Envelope) -> bool:
    """Whether a line of its own, or the body within a line, carries a mark of this API."""
    if envelope.body is envelope.row and not envelope.headers and not mapping_of(envelope.answer):
        return "anthropic_version" in envelope.body or str(envelope.path).rstrip("/").endswith("/messages")
    return envelope.anthropic


SAMPLE = {
    "time": "2026-02-01T12:00:00Z",
    "request_id": "n1",
    "account_id": "ada",
    "headers": {"anthropic-version": "2023-06-01", "user-agent": "Anthropic/Python 1.0"},
    "status_code": 200,
    "request": {
        "model": "heron",
        "max_tokens": 9,
        "messages": [{"role": "user", "content": "what is a reef"}],
    },
    "response": {
        "type": "message",
        "content": [{"type": "text", "text": "coral"}],
        "usage": {"input_tokens": 2, "cache_read_input_tokens": 7, "output_tokens": 4},
    },
}
FORMATS.add(
    "anthropic_messages_jsonl",
    Format(
        name="anthropic_messages_jsonl",
        title="Anthropic Messages requests and responses, one a line",
        source="Anthropic API reference: messages",
        suffixes=(".jsonl", ".ndjson", ".json", ".parquet"),
        detect=detect,
        read=read_line,
        blind_spots="What stands around the body differs from operator to operator. Reasoning tokens are "
        "not counted apart by this API.",
        outline=LINE,
        sample=json.dumps(SAMPLE) + "\n",
        gives=(
            {
                "request_id": "n1",
                "account_id": "ada",
                "model": "heron",
                "status": 200,
                "input_tokens": 9,
                "cached_tokens": 7,
                "output_tokens": 4,
                "user_agent": "Anthropic/Python 1.0",
                "messages": [{"role": "user", "text": "what is a reef"}],
                "answer": "coral",
            },
        ),
    ),
)
