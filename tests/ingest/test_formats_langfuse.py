"""Langfuse observations in their three kinds of file."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from ingest_bench import Bench

V2: dict[str, Any] = {
    "id": "o1",
    "trace_id": "t1",
    "type": "GENERATION",
    "start_time": "2026-02-01 10:00:00.250000",
    "end_time": "2026-02-01 10:00:01.250000",
    "provided_model_name": "m",
    "model_parameters": '{"temperature":0.2}',
    "input": '{"messages":[{"role":"user","content":"hello"}],"tools":[{"b":1,"a":1}]}',
    "output": '{"role":"assistant","content":"hi"}',
    "usage_details": {"input": 3, "output": 4, "output_reasoning_tokens": 1},
    "level": "DEFAULT",
    "user_id": "u1",
    "session_id": "s1",
    "metadata": {"client_ip": "192.0.2.8", "user_agent": "SDK/1"},
}
SPAN = {**V2, "id": "o2", "type": "SPAN"}
OLD = {
    "id": "o3",
    "traceId": "t1",
    "type": "GENERATION",
    "startTime": "2026-02-01T10:00:00Z",
    "model": "m",
    "input": "hello",
    "output": "hi",
    "userId": "u2",
    "level": "ERROR",
}


def test_json_lines(bench: Bench) -> None:
    path = bench.lines("observations.jsonl", [V2, SPAN])
    assert bench.format_of(path) == "langfuse_observations"
    (row,) = bench.read(path)
    assert row["time"] == datetime(2026, 2, 1, 10, 0, 0, 250_000, tzinfo=UTC)
    assert (row["messages"], row["answer"], row["tools"]) == (
        [{"role": "user", "text": "hello"}],
        "hi",
        '[{"a":1,"b":1}]',
    )
    assert (row["account_id"], row["conversation"], row["address"], row["user_agent"]) == (
        "u1",
        "s1",
        "192.0.2.8",
        "SDK/1",
    )
    assert (
        row["input_tokens"],
        row["output_tokens"],
        row["reasoning_tokens"],
        row["duration_ms"],
        row["status"],
    ) == (3, 5, 1, 1000, 200)
    assert row["parameters"] == "temperature=0.2"


def test_array_and_the_api_list(bench: Bench) -> None:
    array = bench.write("array.json", json.dumps([V2, SPAN, OLD], indent=2))
    listed = bench.write("list.json", json.dumps({"data": [V2, OLD], "meta": {"page": 1}}))
    assert bench.format_of(array) == bench.format_of(listed) == "langfuse_observations"
    rows = bench.read(array)
    assert [row["account_id"] for row in rows] == ["u1", "u2"]
    assert (rows[1]["messages"], rows[1]["answer"], rows[1]["status"]) == (
        [{"role": "user", "text": "hello"}],
        "hi",
        500,
    )
    assert bench.read(listed) == rows


def test_csv(bench: Bench) -> None:
    cells = [V2[name] if isinstance(V2[name], str) else json.dumps(V2[name]) for name in V2]
    quoted = ",".join('"' + cell.replace('"', '""') + '"' for cell in cells)
    path = bench.write("observations.csv", ",".join(V2) + "\n" + quoted + "\n")
    assert bench.format_of(path) == "langfuse_observations"
    assert bench.read(path) == bench.read(bench.lines("same.jsonl", [V2]))
