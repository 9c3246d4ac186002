"""Anthropic Messages requests and responses, one pair per line."""

from __future__ import annotations

from typing import Any

from stillwatch.simulate.records import Record, iso, jsonl
from stillwatch.simulate.writers import WRITERS, Writer

ALLOWED = ("temperature", "top_p", "top_k", "stream")


def row(record: Record) -> dict[str, Any]:
    """Write one request with its response."""
    return {
        "request_id": record.request_id,
        "account_id": record.account,
        "time": iso(record.start),
        "duration_ms": record.duration,
        "path": "/v1/messages",
        "status_code": record.status,
        "headers": {
            "user-agent": record.client.user_agent,
            "anthropic-version": "2023-06-01",
            **record.client.stainless,
        },
        "session_id": record.conversation,
        "request": _body(record),
        "response": _answer(record),
    }


def _body(record: Record) -> dict[str, Any]:
    asked = {key: value for key, value in record.parameters.items() if key in ALLOWED}
    body: dict[str, Any] = {
        "model": record.model,
        "max_tokens": record.parameters.get("max_tokens", 4096),
        **asked,
    }
    if record.messages is not None:
        body["system"] = "\n".join(m["content"] for m in record.messages if m["role"] == "system")
        body["messages"] = [_message(m) for m in record.messages if m["role"] != "system"]
    if record.tools:
        functions = [tool["function"] for tool in record.tools]
        body["tools"] = [
            {"name": f["name"], "description": f["description"], "input_schema": f["parameters"]}
            for f in functions
        ]
    if record.end_user:
        body["metadata"] = {"user_id": record.end_user}
    return {key: value for key, value in body.items() if value != ""}


def _message(message: dict[str, Any]) -> dict[str, Any]:
    """Write a message in this API's form.

    There is no role tool, since results come from the user. Signed reasoning is in blocks before the text.
    """
    role, blocks = (
        "user" if message["role"] == "tool" else message["role"],
        message.get("thinking_blocks", []),
    )
    return {
        "role": role,
        "content": [*blocks, {"type": "text", "text": message["content"]}] if blocks else message["content"],
    }


def _answer(record: Record) -> dict[str, Any]:
    if not record.good:
        return {
            "type": "error",
            "error": {
                "type": "rate_limit_error" if record.status == 429 else "api_error",
                "message": "request failed",
            },
        }
    usage = {"input_tokens": record.input_tokens, "output_tokens": record.output_tokens}
    content = (
        [*record.thinking, {"type": "text", "text": record.answer}] if record.messages is not None else []
    )
    return {
        "id": record.request_id,
        "type": "message",
        "role": "assistant",
        "model": record.model,
        "stop_reason": "end_turn",
        "content": content,
        "usage": usage,
    }


WRITERS.add("anthropic_messages_jsonl", Writer("anthropic_messages_jsonl", ".jsonl", jsonl(row)))
