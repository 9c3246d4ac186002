"""LiteLLM's two formats, in every kind of file."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from ingest_bench import Bench

Make = Callable[..., dict[str, Any]]


def check(row: dict[str, Any]) -> None:
    assert row["request_id"] == "r0"
    assert row["account_id"] == "u1"
    assert row["time"] == datetime(2026, 2, 1, 10, tzinfo=UTC)
    assert row["duration_ms"] == 60_500
    assert row["messages"] == [{"role": "system", "text": "be brief"}, {"role": "user", "text": "hello"}]
    assert (row["model"], row["status"], row["input_tokens"], row["output_tokens"]) == ("m-large", 200, 12, 7)
    assert (row["address"], row["user_agent"], row["stainless"]) == ("198.51.100.7", "SDK/1.0", "lang=python")
    assert (row["answer"], row["conversation"]) == ("hi", "s1")


def test_spend_logs_jsonl(bench: Bench, spend_row: Make) -> None:
    path = bench.lines("log.jsonl", [spend_row()])
    assert bench.format_of(path) == "litellm_spend_logs"
    check(bench.read(path)[0])


def test_spend_logs_csv(bench: Bench, spend_row: Make) -> None:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(spend_row()))
    writer.writeheader()
    writer.writerow(
        spend_row(messages='[{"role":"system","content":"be brief"},\n{"role":"user","content":"hello"}]')
    )
    path = bench.write("log.csv", out.getvalue())
    assert bench.format_of(path) == "litellm_spend_logs"
    check(bench.read(path)[0])


@pytest.mark.parametrize("times", ["text", "timestamp", "zoned"])
def test_spend_logs_parquet(bench: Bench, spend_row: Make, times: str) -> None:
    table = pa.Table.from_pylist([spend_row()])
    if times != "text":
        kind = pa.timestamp("ns", "UTC" if times == "zoned" else None)
        for name in ("startTime", "endTime"):
            column: Any = table[name]
            table = table.set_column(
                table.schema.get_field_index(name), name, column.cast(pa.timestamp("ns")).cast(kind)
            )
    path = bench.folder / "log.parquet"
    pq.write_table(table, path)
    assert bench.format_of(path) == "litellm_spend_logs"
    check(bench.read(path)[0])


ODD: list[dict[str, Any]] = [
    {"messages": "{}", "response": "{}"},
    {"messages": None, "response": None, "metadata": None},
    {"messages": "[]", "response": ""},
    {
        "messages": '[{"role":"user","content":[{"type":"text","text":"look"},{"type":"image_url","image_url":{"url":"x"}}]}]'
    },
    {
        "messages": '[{"role":"assistant","content":null,"tool_calls":[{"function":{"name":"f","arguments":"{}"}}]},{"role":"tool","content":"out"}]'
    },
    {"messages": '[{"role":"developer","content":"d"},{"role":"user","content":"q"}]'},
    {"messages": '[{"role":"user","content":"\\ud83d cut"}]'},
    {"status": "failure", "metadata": '{"error_information":{"error_code":"429"}}'},
    {"status": "failure"},
    {"status": None},
    {"user": "", "api_key": "b" * 64},
    {"metadata": '{"usage_object":{"completion_tokens_details":{"reasoning_tokens":5}}}'},
    {
        "proxy_server_request": '{"messages":[{"role":"user","content":"from '
        'body"}],"temperature":0.7,"tools":[{"b":1,"a":2}]}',
        "messages": "{}",
    },
    {
        "proxy_server_request": '{"headers":{"User-Agent":"B/2"},"body":{"max_tokens":5,"response_format":{"type":"json_object"}}}',
        "metadata": "{}",
    },
    {"requester_ip_address": "203.0.113.5, 10.0.0.1"},
    {"requester_ip_address": "unknown"},
    {"prompt_tokens": -4},
    {"startTime": "not a time"},
    {"messages": "[{"},
    {"messages": "7"},
    {"response": '{"choices":[{"message":{"content":"a"}},{"message":{"content":"b"}}]}'},
    {"response": '{"output":[{"type":"message","content":[{"type":"output_text","text":"r"}]}]}'},
    {"response": '"plain"'},
    {"request_duration_ms": 5},
    {"request_id": None},
]


def test_parquet_and_jsonl_agree(bench: Bench, spend_row: Make) -> None:
    """The fast way for Parquet and the way by rows are two programs that must say the same."""
    rows = [
        spend_row(i, **{"proxy_server_request": None, "request_duration_ms": None, **changes})
        for i, changes in enumerate(ODD)
    ]
    pq.write_table(pa.Table.from_pylist(rows), bench.folder / "log")
    by_columns, bad_by_columns = bench.read(bench.folder / "log"), bench.quarantine
    bench.quarantine = type(bad_by_columns)()
    by_rows = bench.read(bench.lines("log", rows))
    assert by_columns == by_rows
    assert [(r[1], r[2]) for r in sorted(bad_by_columns.rows)] == [
        (r[1], r[2].replace("startTime", "time")) for r in sorted(bench.quarantine.rows)
    ]
    assert bad_by_columns.mended == bench.quarantine.mended
    assert bad_by_columns.bad == 1  # what clients wrote costs no row


def test_body_is_used_where_messages_are_empty(bench: Bench, spend_row: Make) -> None:
    row = bench.read(bench.lines("log", [spend_row(**ODD[12])]))[0]
    assert row["messages"] == [{"role": "user", "text": "from body"}]
    assert (row["parameters"], row["tools"]) == ("temperature=0.7", '[{"a":2,"b":1}]')


def test_account_field(bench: Bench, spend_row: Make) -> None:
    bench.settings = type(bench.settings)(account_field="metadata.team")
    bench.ingest_context = type(bench.ingest_context)(bench.settings)
    rows = [spend_row(metadata='{"team":"t9"}')]
    pq.write_table(pa.Table.from_pylist(rows), bench.folder / "a.parquet")
    assert [r["account_id"] for r in bench.read(bench.folder / "a.parquet")] == ["t9"]
    assert [r["account_id"] for r in bench.read(bench.lines("a.jsonl", rows))] == ["t9"]


def test_standard_payload(bench: Bench) -> None:
    payload = {
        "id": "chatcmpl-1",
        "trace_id": "t1",
        "call_type": "acompletion",
        "stream": True,
        "status": "success",
        "startTime": 1769940000.25,
        "endTime": 1769940001.5,
        "model": "m",
        "prompt_tokens": 3,
        "completion_tokens": 4,
        "response_cost": 0.1,
        "end_user": "e1",
        "requester_ip_address": None,
        "metadata": {
            "user_api_key_user_id": "u7",
            "requester_ip_address": "192.0.2.1",
            "requester_custom_headers": {"x-stainless-os": "Linux"},
        },
        "messages": [{"role": "user", "content": "hello"}],
        "response": {
            "choices": [{"message": {"content": "hi"}}],
            "usage": {"completion_tokens_details": {"reasoning_tokens": 2}},
        },
        "model_parameters": {
            "temperature": 1.0,
            "stop": ["a", "b"],
            "tools": [{"type": "function"}],
            "seed": 4,
        },
    }
    path = bench.lines("log.jsonl", [payload])
    assert bench.format_of(path) == "litellm_standard_payload"
    (row,) = bench.read(path)
    assert row["time"] == datetime(2026, 2, 1, 10, 0, 0, 250_000, tzinfo=UTC)
    assert (row["account_id"], row["address"], row["stainless"], row["duration_ms"]) == (
        "u7",
        "192.0.2.1",
        "os=Linux",
        1250,
    )
    assert row["parameters"] == 'seed=set stop=["a","b"] stream=true temperature=1'
    assert (row["reasoning_tokens"], row["end_user"], row["answer"]) == (2, "e1", "hi")


@pytest.mark.parametrize("form", ["jsonl", "parquet", "parquet with lists"])
def test_the_user_agent_is_found_among_the_tags(bench: Bench, spend_row: Make, form: str) -> None:
    tags = ["nightly", "User-Agent: OpenAI", "User-Agent: OpenAI/Python 1.55.1"]
    kept: Any = tags if form.endswith("lists") else json.dumps(tags)
    row = spend_row(metadata="{}", request_tags=kept)
    path = bench.folder / f"log.{form.split()[0]}"
    if form == "jsonl":
        bench.lines(path.name, [row])
    else:
        pq.write_table(pa.Table.from_pylist([row]), path)
    assert bench.read(path, "litellm_spend_logs")[0]["user_agent"] == "OpenAI/Python 1.55.1"
