"""LiteLLM SpendLogs, one row of the table per line."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from stillwatch.simulate.formats.litellm_parquet import PRICE
from stillwatch.simulate.records import Record, jsonl
from stillwatch.simulate.writers import WRITERS, Writer


def row(record: Record) -> dict[str, Any]:
    """Write one row, with JSON columns as nested values, as in a JSON export of the table."""
    total = record.input_tokens + record.output_tokens
    text = record.messages is not None
    body = {
        key: value for key, value in record.body().items() if key not in ("messages", "safety_identifier")
    }
    return {
        "request_id": record.request_id,
        "call_type": "acompletion",
        "spend": round(total * PRICE, 6),
        "total_tokens": total,
        "prompt_tokens": record.input_tokens,
        "completion_tokens": record.output_tokens,
        "startTime": _time(record.start),
        "endTime": _time(record.end),
        "model": record.model,
        "model_group": record.model,
        "user": record.account,
        "metadata": metadata(record),
        "end_user": record.end_user or "",
        "requester_ip_address": record.address,
        "messages": record.messages if text else {},
        "response": record.completion() if text and record.good else {},
        "session_id": record.conversation,
        "status": "success" if record.good else "failure",
        "proxy_server_request": body if text else {},
    }


def metadata(record: Record) -> dict[str, Any]:
    """Return what LiteLLM keeps of the caller."""
    found: dict[str, Any] = {
        "user_agent": record.client.user_agent,
        "status": "success" if record.good else "failure",
    }
    if record.client.stainless:
        found["requester_custom_headers"] = record.client.stainless
    if not record.good:
        found["error_information"] = {"error_code": str(record.status)}
    found["usage_object"] = {
        "completion_tokens_details": {"reasoning_tokens": record.reasoning_tokens},
        "prompt_tokens_details": {"cached_tokens": record.cached_tokens},
    }
    return found


def _time(micros: int) -> str:
    """Return a time as the database writes it."""
    return datetime.fromtimestamp(micros / 1e6, UTC).strftime("%Y-%m-%d %H:%M:%S.%f")


WRITERS.add("litellm_spend_logs", Writer("litellm_spend_logs", ".jsonl", jsonl(row)))
