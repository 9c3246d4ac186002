"""Langfuse observations, one per line, as its blob export writes them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from stillwatch.simulate.records import Record, jsonl
from stillwatch.simulate.writers import WRITERS, Writer


def row(record: Record) -> dict[str, Any]:
    """Write one generation."""
    meta: dict[str, Any] = {"user_agent": record.client.user_agent}
    if record.client.stainless:
        meta["headers"] = record.client.stainless
    if record.end_user:
        meta["end_user"] = record.end_user
    given: dict[str, Any] | None = None
    if record.messages is not None:
        given = {"messages": record.messages}
        given |= {key: value for key, value in record.body().items() if key in ("tools", "response_format")}
    return {
        "id": record.request_id,
        "trace_id": record.conversation or record.request_id,
        "type": "GENERATION",
        "name": "chat",
        "start_time": _time(record.start),
        "end_time": _time(record.end),
        "user_id": record.account,
        "session_id": record.conversation,
        "level": "DEFAULT" if record.good else "ERROR",
        "provided_model_name": record.model,
        "model_parameters": record.parameters,
        "input": given,
        "output": {"role": "assistant", "content": record.answer} if record.answer is not None else None,
        "usage_details": {
            "input": record.input_tokens,
            "output": record.output_tokens,
            "output_reasoning_tokens": record.reasoning_tokens,
            "total": record.input_tokens + record.output_tokens,
        },
        "metadata": meta,
    }


def _time(micros: int) -> str:
    return datetime.fromtimestamp(micros / 1e6, UTC).strftime("%Y-%m-%d %H:%M:%S.%f")


WRITERS.add("langfuse_observations", Writer("langfuse_observations", ".jsonl", jsonl(row)))
