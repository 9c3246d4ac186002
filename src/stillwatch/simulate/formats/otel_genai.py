"""OpenTelemetry GenAI spans as OTLP JSON, one export of a single span per line."""

from __future__ import annotations

import hashlib
from typing import Any

import orjson

from stillwatch.simulate.records import Record, jsonl
from stillwatch.simulate.writers import WRITERS, Writer

SCOPE = {"name": "gateway", "version": "1"}
RESOURCE = {"attributes": [{"key": "service.name", "value": {"stringValue": "llm-gateway"}}]}
PARAMETERS = {
    "temperature": "temperature",
    "top_p": "top_p",
    "max_tokens": "max_tokens",
    "seed": "seed",
    "stop": "stop_sequences",
    "stream": "stream",
}
PARAMETERS |= {"frequency_penalty": "frequency_penalty"}


def row(record: Record) -> dict[str, Any]:
    """Write one export with one span."""
    trace = hashlib.blake2b((record.conversation or record.request_id).encode(), digest_size=16).hexdigest()
    span = {
        "traceId": trace,
        "spanId": hashlib.blake2b(record.request_id.encode(), digest_size=8).hexdigest(),
        "name": f"chat {record.model}",
        "kind": 3,
        "startTimeUnixNano": str(record.start * 1000),
        "endTimeUnixNano": str(record.end * 1000),
        "attributes": [{"key": key, "value": _value(value)} for key, value in attributes(record).items()],
        "status": {} if record.good else {"code": 2},
    }
    return {"resourceSpans": [{"resource": RESOURCE, "scopeSpans": [{"scope": SCOPE, "spans": [span]}]}]}


def attributes(record: Record) -> dict[str, Any]:
    """Return the span's attributes, named as in the conventions of schema 1.42."""
    found: dict[str, Any] = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": record.model,
        "gen_ai.response.id": record.request_id,
        "http.request.header.x-request-id": [record.request_id],
        "gen_ai.usage.input_tokens": record.input_tokens,
        "gen_ai.usage.output_tokens": record.output_tokens,
        "gen_ai.usage.reasoning.output_tokens": record.reasoning_tokens,
        "http.response.status_code": record.status,
        "user.id": record.account,
        "user_agent.original": record.client.user_agent,
    }
    found |= {f"http.request.header.{name}": [value] for name, value in record.client.stainless.items()}
    found |= {f"gen_ai.request.{PARAMETERS[name]}": value for name, value in record.parameters.items()}
    if record.conversation:
        found["gen_ai.conversation.id"] = record.conversation
    if record.end_user:
        found["enduser.id"] = record.end_user
    if record.output_format:
        found["gen_ai.output.type"] = "json"
    return found | _content(record)


def _content(record: Record) -> dict[str, Any]:
    """Return what only content capture records, as JSON texts."""
    if record.messages is None:
        return {}
    found: dict[str, Any] = {
        "gen_ai.input.messages": _json([_message(m) for m in record.messages if m["role"] != "system"])
    }
    system = [{"type": "text", "content": m["content"]} for m in record.messages if m["role"] == "system"]
    if system:
        found["gen_ai.system_instructions"] = _json(system)
    if record.tools:
        found["gen_ai.tool.definitions"] = _json(record.tools)
    if record.answer is not None:
        found["gen_ai.output.messages"] = _json(
            [{**_message({"role": "assistant", "content": record.answer}), "finish_reason": "stop"}]
        )
    return found


def _message(message: dict[str, str]) -> dict[str, Any]:
    return {"role": message["role"], "parts": [{"type": "text", "content": message["content"]}]}


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()


def _value(value: Any) -> dict[str, Any]:
    """Return an attribute's value in OTLP's JSON form; whole numbers are strings there."""
    if isinstance(value, list):
        return {"arrayValue": {"values": [_value(item) for item in value]}}
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    return {"doubleValue": value} if isinstance(value, float) else {"stringValue": value}


WRITERS.add("otel_genai", Writer("otel_genai", ".jsonl", jsonl(row)))
