"""Rows in every shape that a log may have, to be read by their frames and one by one."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable
from typing import Any

import orjson

Row = dict[str, Any]
Change = Callable[[Row, random.Random], None]
WORDS = "some words that nobody has said to anybody before"


def _told(random: random.Random) -> str:
    return f"{WORDS} {random.getrandbits(40):x}"


def line(i: int, random: random.Random, *, anthropic: bool) -> Row:
    """A request with its response, as gateways write them."""
    usage: Row = {"input_tokens": random.randrange(3_000), "output_tokens": random.randrange(900)}
    usage["cache_read_input_tokens"] = random.choice([0, 0, 128])
    answer: Row = {"id": f"msg_{random.getrandbits(90):024x}", "type": "message", "role": "assistant"}
    answer |= {"model": "claude-m", "content": [{"type": "text", "text": _told(random)}], "usage": usage}
    if not anthropic:
        spent = {"prompt_tokens": random.randrange(3_000), "completion_tokens": random.randrange(900)}
        spent["completion_tokens_details"] = {"reasoning_tokens": random.choice([0, 64, 200])}  # type: ignore[assignment]
        if i % 2:  # as xAI counts: reasoning beside the output, which the total tells
            spent["total_tokens"] = sum(spent[name] for name in ("prompt_tokens", "completion_tokens")) + 64
        message = {"role": "assistant", "content": _told(random)}
        answer = {
            "id": f"chatcmpl-{random.getrandbits(90):024x}",
            "object": "chat.completion",
            "created": 1_770_000_000,
        }
        answer |= {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}], "usage": spent}
    return {
        "request_id": f"req_{random.getrandbits(90):024x}",
        "account_id": f"acct_{random.randrange(5):04d}",
        "timestamp": f"2026-02-0{1 + i % 8}T10:{i % 60:02d}:{random.randrange(60):02d}.{random.randrange(999):03d}Z",
        "client_ip": f"203.0.113.{random.randrange(9)}",
        "headers": {"user-agent": f"SDK/1.{random.randrange(4)}", "x-stainless-lang": "python"},
        "status_code": 200,
        "latency_ms": random.randrange(1, 9_000),
        "upstream_cost": random.random(),
        "request": {
            "model": "claude-m" if anthropic else "heron-4",
            "max_tokens": 512,
            "messages": [{"role": "user", "content": _told(random)}],
        },
        "response": answer,
    }


def spend(i: int, random: random.Random) -> Row:
    """A row of LiteLLM's SpendLogs with its JSON columns as text."""
    inside = line(i, random, anthropic=False)
    usage = inside["response"]["usage"]
    meta = {"user_agent": "SDK/1.0", "usage_object": usage, "overhead_ms": random.random()}
    return {
        "request_id": inside["response"]["id"],
        "call_type": "acompletion",
        "api_key": f"{random.randrange(5):064x}",
        "user": inside["account_id"],
        "spend": random.random(),
        "startTime": inside["timestamp"],
        "endTime": inside["timestamp"].replace("T10", "T11"),
        "model": "heron-4",
        "status": "success",
        "prompt_tokens": usage["prompt_tokens"],
        "completion_tokens": usage["completion_tokens"],
        "metadata": orjson.dumps(meta).decode(),
        "messages": orjson.dumps(inside["request"]["messages"]).decode(),
        "response": orjson.dumps(inside["response"]).decode(),
        "requester_ip_address": "198.51.100.7",
    }


def payload(i: int, random: random.Random) -> Row:
    """A StandardLoggingPayload of LiteLLM."""
    row = spend(i, random)
    row["id"] = row.pop("request_id")
    user = row.pop("user")
    return row | {
        "trace_id": "t",
        "model_parameters": {"temperature": 0.5},
        "response_cost": random.random(),
        "metadata": {"user_api_key_user_id": user, "user_api_key_hash": row["api_key"]},
        "messages": orjson.loads(row["messages"]),
        "response": orjson.loads(row["response"]),
    }


def _set(*path: str, value: Any) -> Change:
    def change(row: Row, _random: random.Random) -> None:
        holder = row
        for name in path[:-1]:
            if not isinstance(holder.get(name), dict):
                return
            holder = holder[name]
        holder[path[-1]] = copy.deepcopy(value)

    return change


PLACEHOLDERS: tuple[Any, ...] = (
    "-",
    "",
    "null",
    "N/A",
    "***",
    "[REDACTED]",
    "default_user_id",
    "litellm-internal-health",
    {"id": "x"},
    7,
    [],
)
TOOL = {
    "role": "assistant",
    "content": None,
    "tool_calls": [{"id": "c1", "function": {"name": "f", "arguments": "{}"}}],
}
CONTENTS: tuple[Any, ...] = (
    '{"answer": "an answer that is JSON and long enough to be taken"}',
    'data: {"choices": []}\n\ndata: [DONE]\n\n and more words than a few',
    " " * 40,
    "short",
    "",
    None,
    [
        {"type": "text", "text": WORDS},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA"}},
    ],
    [{"type": "thinking", "thinking": WORDS, "signature": "s" * 80}, {"type": "text", "text": WORDS}],
    [{"type": "refusal", "refusal": WORDS}],
    "redacted-by-litellm",
)
COSTS: tuple[Any, ...] = (
    *(-0.5, 0, 0.0, 1, 2.5e-7, 3.1e-06, 9_999.5, 20_000.5, 1e300),
    *("0.25", "x", None, True, []),
)
CHANGES: tuple[Change, ...] = (
    *(
        _set(name, value=value)
        for name in (
            "account_id",
            "user",
            "api_key",
            "client_ip",
            "request_id",
            "session_id",
            "end_user",
            "status_code",
        )
        for value in PLACEHOLDERS
    ),
    *(_set("messages", value=[{"role": "user", "content": value}]) for value in CONTENTS),
    *(_set("request", "messages", value=[{"role": "user", "content": value}]) for value in CONTENTS),
    *(_set("response", "choices", value=[{"message": {"content": value}}]) for value in CONTENTS),
    *(_set("response", "content", value=value) for value in CONTENTS),
    *(_set("response", "content", value=[{"type": "text", "text": value}]) for value in CONTENTS),
    *(
        _set("response", "usage", name, value=value)
        for name in ("prompt_tokens", "input_tokens", "cache_read_input_tokens", "output_tokens")
        for value in (-1, None, "12", "x", 1.5, 10**9, 2**70, True, 0)
    ),
    *(_set(name, value=value) for name in ("spend", "response_cost", "cost_usd") for value in COSTS),
    *(
        _set(name, value=value)
        for name in ("timestamp", "startTime", "endTime")
        for value in (
            1_770_000_123,
            1_770_000_123_456,
            1_770_000_123.25,
            "2026-02-31T10:00:00Z",
            "never",
            None,
            "2026-02-03 10:00:60",
            "2026-02-03T23:59:59.123456+05:30",
        )
    ),
    _set("request", "messages", value=[TOOL, {"role": "tool", "tool_call_id": "c1", "content": WORDS}]),
    _set("request", "system", value="You answer in as few words as you can."),
    _set("request", "system", value='{"persona": "a system prompt that is JSON"}'),
    _set("request", "tools", value=[{"type": "function", "function": {"name": "f"}}]),
    _set("request", "user", value="someone-at-the-customer"),
    _set("request", "metadata", value={"user_id": "user_0123456789"}),
    _set("request", "temperature", value=0.3),
    _set("request", "seed", value=7),
    _set(
        "request",
        value='{"model": "m", "messages": [{"role": "user", "content": "text in text, long enough"}]}',
    ),
    _set("request", value="nothing that can be read"),
    _set("headers", value=[["User-Agent", "pairs/1.0"], ["X-Forwarded-For", "192.0.2.1"]]),
    _set(
        "headers",
        value={
            "User-Agent": "SDK/2",
            "x-forwarded-for": "192.0.2.1, 10.0.0.1",
            "authorization": "Bearer sk-abcdef",
        },
    ),
    _set("remote_addr", value="10.0.0.5"),
    _set("path", value="/v1/embeddings"),
    _set("path", value="/v1/messages"),
    _set("call_type", value="aembedding"),
    _set("call_type", value="pass_through_endpoint"),
    _set("response", value={"object": "list", "data": [{"embedding": [0.1]}]}),
    _set("response", value=None),
    _set(
        "response",
        value=[{"choices": [{"delta": {"content": "chunk "}}]}, {"choices": [{"delta": {"content": "two"}}]}],
    ),
    _set("error", value={"code": 429}),
    _set("status", value="failure"),
    _set("metadata", value='{"error_information": {"error_code": "429"}}'),
    _set("metadata", value='{"broken'),
    _set("messages", value="[{broken"),
    _set("response", value="{broken"),
    _set(
        "proxy_server_request",
        value='{"body": {"temperature": 1, "messages": [{"role": "user", "content": "stored in the body, not beside"}]}}',
    ),
    _set("usage", value={"prompt_tokens": 5, "completion_tokens": 6}),
    _set("model_group", value="heron"),
    _set("ja4", value="t13d1516h2_8daaf6152771_b186095e22b6"),
)
"""Ways in which a row may be unlike the others."""
