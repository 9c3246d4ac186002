"""Whose a row is, where a log names the account in a way of its own."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from ingest_bench import Bench

from stillwatch.ingest import Quarantine
from stillwatch.ingest.request import Context, Request
from stillwatch.ingest.secrets import KEPT
from stillwatch.registry import FORMATS


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


ASKED = {
    "timestamp": "2026-02-01T12:00:00Z",
    "model": "m",
    "messages": [{"role": "user", "content": "hi"}],
}


@pytest.mark.parametrize(
    "name", ["guest", "null", "Unknown", "anonymous", "xxxxxxfan@example.com", "###### labs"]
)
def test_a_customer_with_the_name_of_nobody_stays(bench: Bench, name: str) -> None:
    lines = [{"id": f"r{i}", "user_id": name, **ASKED} for i in range(3)]
    plain = [{"request_id": f"r{i}", "account_id": name, "time": 1770000000, "model": "m"} for i in range(3)]
    spend: list[dict[str, Any]] = [
        {
            "request_id": f"r{i}",
            "call_type": "completion",
            "user": name,
            "startTime": "2026-02-01T12:00:00Z",
            "endTime": "2026-02-01T12:00:01Z",
            "model": "m",
            "api_key": None,
            "spend": 0.1,
            "metadata": "{}",
        }
        for i in range(3)
    ]
    pq.write_table(pa.Table.from_pylist(plain), bench.folder / "c.parquet")
    pq.write_table(pa.Table.from_pylist(spend), bench.folder / "d.parquet")
    for path, format in (
        (bench.lines("a.jsonl", lines), "openai_jsonl"),
        (bench.lines("b.jsonl", plain), "generic"),
        (bench.folder / "c.parquet", "generic"),
        (bench.folder / "d.parquet", "litellm_spend_logs"),
        (bench.lines("e.jsonl", spend), "litellm_spend_logs"),
    ):
        bench.quarantine = Quarantine()
        assert [row["account_id"] for row in bench.read(path, format)] == [name] * 3, path
        assert bench.quarantine.bad == 0
        if name.isalpha():
            assert bench.quarantine.mended["account_id", KEPT] in (1, 3), path


@pytest.mark.parametrize(
    "name",
    [
        "",
        "-",
        " ",
        "sk-...Ab3D",
        "sk-****",
        "********",
        "[REDACTED]",
        "default_user_id",
        "litellm-internal-x",
    ],
)
def test_what_is_no_name_of_anybody_is_no_account(bench: Bench, name: str) -> None:
    plain = [{"request_id": f"r{i}", "account_id": name, "time": 1770000000, "model": "m"} for i in range(3)]
    pq.write_table(pa.Table.from_pylist(plain), bench.folder / "c.parquet")
    for path in (bench.lines("b.jsonl", plain), bench.folder / "c.parquet"):
        assert bench.read(path, "generic") == []


def test_a_later_field_wins_over_the_name_of_nobody(bench: Bench) -> None:
    lines = [
        {"id": "r", "user_id": "guest", "customerId": "unknown", **ASKED, "headers": {"x-api-key": "k" * 20}}
    ]
    (row,) = bench.read(bench.lines("a.jsonl", lines), "openai_jsonl")
    assert row["account_id"].startswith("key-")


@pytest.mark.parametrize(("given", "account"), [("guest", "guest"), ("sk-...Ab3D", None), ("u7", "u7")])
def test_langsmith_and_traces_choose_the_account_as_all_formats_do(given: str, account: str | None) -> None:
    run = {
        "id": "r",
        "run_type": "llm",
        "trace_id": "t",
        "start_time": "2026-02-01T12:00:00Z",
        "inputs": {"messages": [{"role": "user", "content": "hi"}]},
        "extra": {"metadata": {"user_id": given, "caller": given}},
    }
    span = {
        "traceId": "t",
        "spanId": "s",
        "name": "chat m",
        "startTimeUnixNano": "1770000000000000000",
        "endTimeUnixNano": "1770000001000000000",
        "attributes": {"gen_ai.operation.name": "chat", "gen_ai.request.model": "m", "user.id": given},
    }
    for name, row, field in (
        ("langsmith_runs", run, ""),
        ("langsmith_runs", run, "extra.metadata.caller"),
        ("otel_genai", span, ""),
        ("otel_genai", span, "user.id"),
    ):
        found = list(FORMATS.all()[name].read(row, Context(account_field=field)))
        assert [one.account_id for one in found if isinstance(one, Request)] == [account], (name, field)
