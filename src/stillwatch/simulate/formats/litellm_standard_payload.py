"""LiteLLM's StandardLoggingPayload, one per line, as its callbacks write it.

Its times are seconds since 1970.
"""

from __future__ import annotations

from typing import Any

from stillwatch.simulate.formats.litellm_parquet import PRICE
from stillwatch.simulate.formats.litellm_spend_logs import metadata
from stillwatch.simulate.records import Record, jsonl
from stillwatch.simulate.writers import WRITERS, Writer


def row(record: Record) -> dict[str, Any]:
    """Write one payload."""
    asked = {
        key: value
        for key, value in record.body().items()
        if key not in ("model", "messages", "safety_identifier")
    }
    kept = metadata(record)
    total = record.input_tokens + record.output_tokens
    return {
        "id": record.request_id,
        "trace_id": record.conversation or record.request_id,
        "session_id": record.conversation,
        "call_type": "acompletion",
        "stream": bool(record.parameters.get("stream", False)),
        "status": kept.pop("status"),
        "error_information": kept.pop("error_information", None),
        "response_cost": round(total * PRICE, 6),
        "total_tokens": total,
        "prompt_tokens": record.input_tokens,
        "completion_tokens": record.output_tokens,
        "startTime": record.start / 1e6,
        "endTime": record.end / 1e6,
        "model": record.model,
        "model_group": record.model,
        "model_parameters": asked,
        "metadata": {"user_api_key_user_id": record.account, "requester_ip_address": record.address, **kept},
        "end_user": record.end_user or "",
        "messages": record.messages,
        "response": record.completion() if record.messages is not None and record.good else None,
    }


WRITERS.add("litellm_standard_payload", Writer("litellm_standard_payload", ".jsonl", jsonl(row)))
