"""Whose a row is, where a log names the account in a way of its own."""

from __future__ import annotations

from typing import Any

import pytest
from ingest_bench import Bench


@pytest.mark.parametrize(
    "named",
    [
        {"user": {"id": "u7", "email": "x@example.org"}},
        {"userId": "u7"},
        {"api_key": {"id": "u7"}},
        {"api_key": "sk-proj-****************", "metadata": {"user_id": "u7"}},
        {"api_key": "[REDACTED]", "user_id": None, "customerId": "u7"},
        {"metadata": {"user_api_key_user_id": "default_user_id", "user_api_key_hash": "u7"}},
        {"consumer": {"id": "u7", "username": "x"}},
    ],
)
def test_an_account_in_other_places(bench: Bench, named: dict[str, Any]) -> None:
    line = {
        "id": "r1",
        "timestamp": "2026-02-01T12:00:00Z",
        "model": "m",
        "messages": [{"role": "user", "content": "hi"}],
    }
    (row,) = bench.read(bench.lines("log.jsonl", [{**line, **named}]), format="openai_jsonl")
    assert row["account_id"] == "u7"


def test_the_client_before_the_balancer_of_kong(bench: Bench) -> None:
    line = {
        "request": {"id": "r1", "headers": {"x-forwarded-for": "203.0.113.9, 10.0.0.1"}},
        "response": {"status": 200},
        "client_ip": "10.0.0.1",
        "started_at": 1769947200000,
        "latencies": {"request": 800},
        "consumer": {"id": "c1"},
        "ai": {"proxy": {"meta": {"request_model": "m"}, "usage": {}, "payload": {}}},
    }
    (row,) = bench.read(bench.lines("kong.log", [line]))
    assert (row["account_id"], row["address"]) == ("c1", "203.0.113.9")


def test_an_answer_of_ollama(bench: Bench) -> None:
    line = {
        "id": "r1",
        "timestamp": "2026-02-01T12:00:00Z",
        "user_id": "u",
        "request": {"model": "q", "prompt": "hi"},
        "response": {"model": "q", "response": "yo", "done": True, "prompt_eval_count": 9, "eval_count": 4},
    }
    (row,) = bench.read(bench.lines("log.jsonl", [line]))
    assert (row["answer"], row["input_tokens"], row["output_tokens"]) == ("yo", 9, 4)


def test_lines_that_end_with_a_comma(bench: Bench) -> None:
    line = '{"id": "r%d", "timestamp": "2026-02-01T12:00:00Z", "user_id": "u", "model": "m", "prompt": "hi"}'
    rows = bench.read(bench.write("log.json", ",\n".join(line % i for i in range(4)) + ",\n{broken},\n"))
    assert [row["request_id"] for row in rows] == ["r0", "r1", "r2", "r3"]
    assert bench.quarantine.bad == 1
