"""OpenAI-style and Anthropic lines."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from ingest_bench import Bench

HEADERS = {
    "User-Agent": "OpenAI/Python 2.0",
    "X-Stainless-Lang": "python",
    "x-stainless-timeout": "600",
    "Authorization": "Bearer sk-verysecret1",
    "Cookie": "a=b",
}
CHAT = {
    "request_id": "q1",
    "time": "2026-02-01T10:00:00Z",
    "account_id": "acc1",
    "headers": HEADERS,
    "request": {
        "model": "m",
        "messages": [
            {"role": "developer", "content": "be brief"},
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "look"},
                    {"type": "image_url", "image_url": {"url": "data:"}},
                ],
            },
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [
                    {"id": "c", "type": "function", "function": {"name": "add", "arguments": '{"a":1}'}}
                ],
            },
            {"role": "tool", "tool_call_id": "c", "content": "3"},
        ],
        "temperature": 0,
        "max_completion_tokens": 50,
        "safety_identifier": "eu1",
        "response_format": {"type": "json_schema", "json_schema": {"z": 1, "a": 2}},
        "metadata": {"session_id": "s"},
    },
    "response": {
        "status_code": 200,
        "body": {
            "id": "chatcmpl-1",
            "choices": [{"message": {"role": "assistant", "content": "three"}}],
            "usage": {
                "prompt_tokens": 9,
                "completion_tokens": 4,
                "completion_tokens_details": {"reasoning_tokens": 1},
            },
        },
    },
}
RESPONSES = {
    "ts": 1769940000,
    "account": "acc2",
    "body": {
        "model": "m",
        "instructions": "be kind",
        "input": [
            {"role": "user", "content": [{"type": "input_text", "text": "hello"}]},
            {"type": "function_call_output", "call_id": "c", "output": "42"},
        ],
        "reasoning": {"effort": "high"},
        "text": {"format": {"type": "json_schema", "name": "n"}},
        "user": "eu2",
    },
    "response": {
        "id": "resp_1",
        "object": "response",
        "output": [
            {"type": "reasoning", "summary": []},
            {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "hi"}]},
        ],
        "usage": {"input_tokens": 5, "output_tokens": 6, "output_tokens_details": {"reasoning_tokens": 2}},
    },
}
CLAUDE = {
    "timestamp": 1769940000123,
    "org_id": "o1",
    "request_headers": {"anthropic-version": "2023-06-01", "x-forwarded-for": "203.0.113.9"},
    "request": {
        "model": "c",
        "system": [{"type": "text", "text": "be safe"}],
        "max_tokens": 10,
        "thinking": {"type": "enabled", "budget_tokens": 1024},
        "metadata": {"user_id": "eu3"},
        "messages": [
            {"role": "user", "content": "hello"},
            {
                "role": "assistant",
                "content": [
                    {"type": "thinking", "thinking": "hidden"},
                    {"type": "tool_use", "name": "f", "input": {"b": 1, "a": 2}},
                ],
            },
            {
                "role": "user",
                "content": [
                    {"type": "tool_result", "content": [{"type": "text", "text": "out"}]},
                    {"type": "text", "text": "go on"},
                ],
            },
        ],
    },
    "response": {
        "type": "message",
        "id": "msg_1",
        "content": [{"type": "text", "text": "done"}],
        "usage": {"input_tokens": 5, "cache_read_input_tokens": 7, "output_tokens": 6},
    },
}


def test_chat_completion(bench: Bench) -> None:
    path = bench.lines("log.jsonl", [CHAT])
    assert bench.format_of(path) == "openai_jsonl"
    (row,) = bench.read(path)
    assert row["messages"] == [
        {"role": "system", "text": "be brief"},
        {"role": "user", "text": "look\n[image]"},
        {"role": "assistant", "text": '[call add] {"a":1}'},
        {"role": "tool", "text": "3"},
    ]
    assert row["parameters"] == "max_completion_tokens=50 temperature=0"
    assert row["output_format"] == '{"json_schema":{"a":2,"z":1},"type":"json_schema"}'
    assert (row["end_user"], row["conversation"], row["answer"], row["status"]) == ("eu1", "s", "three", 200)
    assert (row["input_tokens"], row["output_tokens"], row["reasoning_tokens"]) == (9, 4, 1)
    assert (row["user_agent"], row["stainless"]) == ("OpenAI/Python 2.0", "lang=python")


def test_secrets_do_not_pass(bench: Bench) -> None:
    rows = bench.read(
        bench.lines(
            "log.jsonl",
            [
                CHAT,
                {**CHAT, "account_id": None},
                {**CHAT, "account_id": "sk-verysecret1"},
                {**CHAT, "account_id": "Bearer sk-verysecret1"},
            ],
        )
    )
    assert "secret" not in json.dumps(rows, default=str)
    assert "a=b" not in json.dumps(rows, default=str)
    by_header, raw, bearer = (row["account_id"] for row in rows[1:])
    assert by_header == raw == bearer
    assert raw.startswith("key-")


def test_responses_api(bench: Bench) -> None:
    (row,) = bench.read(bench.lines("log.jsonl", [RESPONSES]))
    assert row["messages"] == [
        {"role": "system", "text": "be kind"},
        {"role": "user", "text": "hello"},
        {"role": "tool", "text": "42"},
    ]
    assert (row["request_id"], row["parameters"], row["answer"], row["end_user"]) == (
        "resp_1",
        "reasoning_effort=high",
        "hi",
        "eu2",
    )
    assert (row["input_tokens"], row["output_tokens"], row["reasoning_tokens"]) == (5, 6, 2)
    assert row["output_format"] == '{"name":"n","type":"json_schema"}'


def test_batch_file_and_bare_body(bench: Bench) -> None:
    batch = {
        "id": "batch_req_1",
        "custom_id": "x",
        "key": "k1",
        "response": {
            "status_code": 200,
            "body": {"created": 1769940000, "model": "m", "choices": [{"message": {"content": "a"}}]},
        },
    }
    bare = {
        "created": 1769940000,
        "user_id": "u",
        "model": "m",
        "messages": [{"role": "user", "content": "q"}],
        "max_tokens": 3,
    }
    streamed = {
        **bare,
        "response": [{"choices": [{"delta": {"content": "he"}}]}, {"choices": [{"delta": {"content": "y"}}]}],
    }
    rows = bench.read(bench.lines("log.jsonl", [batch, bare, streamed]), "openai_jsonl")
    assert [row["answer"] for row in rows] == ["a", None, "hey"]
    assert rows[1]["messages"] == [{"role": "user", "text": "q"}]
    assert rows[1]["request_id"] == "log.jsonl#2"
    assert [row["account_id"] for row in rows] == ["k1", "u", "u"]


def test_anthropic(bench: Bench) -> None:
    path = bench.lines("log.jsonl", [CLAUDE])
    assert bench.format_of(path) == "anthropic_messages_jsonl"
    (row,) = bench.read(path)
    assert row["messages"] == [
        {"role": "system", "text": "be safe"},
        {"role": "user", "text": "hello"},
        {"role": "assistant", "text": '[call f] {"a":2,"b":1}'},
        {"role": "tool", "text": "out"},
        {"role": "user", "text": "go on"},
    ]
    assert (row["answer"], row["end_user"], row["account_id"], row["address"]) == (
        "done",
        "eu3",
        "o1",
        "203.0.113.9",
    )
    assert row["parameters"] == "max_tokens=10 thinking=enabled:1024"
    assert (row["input_tokens"], row["output_tokens"]) == (12, 6)
    assert row["time"] == datetime(2026, 2, 1, 10, 0, 0, 123_000, tzinfo=UTC)


def captured() -> Path:
    folder = Path(os.environ.get("STILLWATCH_DATA", Path(__file__).parents[3] / "shared" / "data"))
    path = folder / "capture_client_http.parquet"
    if not path.exists():
        pytest.skip("the captured client traffic is not on this machine")
    return path


def test_captured_clients(bench: Bench) -> None:
    """Requests that unmodified public clients really sent."""
    wanted = ["key", "t_s", "path", "user_agent", "headers", "params", "messages", "peer_port"]
    rows: list[dict[str, Any]] = [
        {**row, "time": 1769940000 + row["t_s"]}
        for row in pq.read_table(captured(), columns=wanted).to_pylist()
    ]
    path = bench.lines("capture.jsonl", rows)
    assert bench.format_of(path) == "openai_jsonl"
    found = bench.read(path)
    assert len(found) == len(rows) == bench.quarantine.good
    assert all(row["messages"] and row["model"] == "stub-model" and row["user_agent"] for row in found)
    assert {row["account_id"] for row in found} == {row["key"] for row in rows}
    assert sum(row["tools"] is not None for row in found) >= 1
    assert sum(row["stainless"] is not None for row in found) == sum(
        "x-stainless-lang" in row["headers"].lower() for row in rows
    )
