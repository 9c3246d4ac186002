"""Lines with the column names of table `requests`."""

from __future__ import annotations

from typing import Any

from stillwatch.simulate.clients import canonical
from stillwatch.simulate.records import Record, iso, jsonl
from stillwatch.simulate.writers import WRITERS, Writer


def row(record: Record) -> dict[str, Any]:
    """Write one exchange."""
    found: dict[str, Any] = {
        "request_id": record.request_id,
        "account_id": record.account,
        "time": iso(record.start),
        "model": record.model,
        "status": record.status,
        "input_tokens": record.input_tokens,
        "output_tokens": record.output_tokens,
        "reasoning_tokens": record.reasoning_tokens,
        "cached_tokens": record.cached_tokens,
        "duration_ms": record.duration,
        "user_agent": record.client.user_agent,
        "stainless": canonical(record.client.stainless),
        "parameters": " ".join(f"{name}={value}" for name, value in sorted(record.parameters.items())),
        "end_user": record.end_user,
        "conversation": record.conversation,
    }
    if record.messages is not None:
        found |= {
            "messages": record.messages,
            "tools": record.tools or None,
            "output_format": record.output_format or None,
            "answer": record.answer,
        }
    return found


WRITERS.add("generic", Writer("generic", ".jsonl", jsonl(row)))
