"""OpenAI-style requests and responses, one pair per line."""

from __future__ import annotations

from typing import Any

from stillwatch.simulate.records import Record, iso, jsonl
from stillwatch.simulate.writers import WRITERS, Writer


def row(record: Record) -> dict[str, Any]:
    """Write one request with its response."""
    return {
        "request_id": record.request_id,
        "account_id": record.account,
        "time": iso(record.start),
        "duration_ms": record.duration,
        "path": "/v1/chat/completions",
        "status_code": record.status,
        "headers": {"user-agent": record.client.user_agent, **record.client.stainless},
        "session_id": record.conversation,
        "request": record.body(),
        "response": record.completion(),
    }


WRITERS.add("openai_jsonl", Writer("openai_jsonl", ".jsonl", jsonl(row)))
