"""Langfuse observations in their three kinds of file."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from ingest_bench import Bench

from stillwatch.settings import IngestSettings

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


LEGACY = {name: value for name, value in V2.items() if name not in ("user_id", "session_id", "metadata")}
TRACE: dict[str, Any] = {
    "id": "t1",
    "timestamp": "2026-02-01 10:00:00.000000",
    "name": "chat",
    "user_id": "u1",
    "session_id": "s1",
    "environment": "default",
    "tags": [],
    "input": "q",
    "output": "a",
}
SCORE = {"id": "s", "trace_id": "t1", "timestamp": "x", "name": "good", "value": 1, "source": "API"}


def blob(bench: Bench, *, late: bool = False) -> None:
    """A folder as the older blob export writes it."""
    for folder, name, rows in (
        ("traces", "2026-02-01.jsonl", [TRACE]),
        (
            "observations",
            "2026-02-02.jsonl" if late else "2026-02-01.jsonl",
            [LEGACY, {**LEGACY, "type": "SPAN"}],
        ),
        ("scores", "2026-02-01.jsonl", [SCORE]),
    ):
        (bench.folder / folder).mkdir()
        bench.lines(f"{folder}/{name}", rows)


@pytest.mark.parametrize("late", [True, False])
def test_a_blob_folder_has_its_users_on_the_traces(bench: Bench, late: bool) -> None:
    blob(bench, late=late)
    (row,) = bench.read(bench.folder)
    assert (row["account_id"], row["conversation"], row["request_id"]) == ("u1", "s1", "o1")
    assert bench.quarantine.bad == 0
    assert sorted((kind, n) for (_, kind), n in bench.quarantine.stepped.items()) == [
        ("scores", 1),
        ("spans", 1),
        ("traces", 1),
    ]


def test_the_account_may_be_another_field_of_the_observation(bench: Bench) -> None:
    blob(bench)
    bench.settings = IngestSettings(account_field="metadata.team")
    bench.ingest_context = type(bench.ingest_context)(bench.settings)
    bench.lines("observations/2026-02-01.jsonl", [{**LEGACY, "metadata": {"team": "t9"}}])
    assert [row["account_id"] for row in bench.read(bench.folder)] == ["t9"]


def test_observations_alone_have_no_account(bench: Bench) -> None:
    assert bench.read(bench.lines("observations.jsonl", [LEGACY])) == []
    assert bench.reasons() == {("account_id", "no account")}


def test_traces_with_their_observations_inside(bench: Bench) -> None:
    api = {**TRACE, "userId": "u1", "sessionId": "s1", "observations": [LEGACY, SPAN]}
    del api["user_id"], api["session_id"]
    page = {"trace": TRACE, "observations": [LEGACY]}
    ids_only = {**TRACE, "observations": ["o1", "o2"], "scores": []}
    for name, document in (("api", api), ("list", {"data": [api]}), ("page", page)):
        for indent in (None, 2):
            path = bench.write(f"{name}{indent}.json", json.dumps(document, indent=indent))
            assert bench.format_of(path) == "langfuse_traces"
            (row,) = bench.read(path)
            assert (row["account_id"], row["conversation"], row["answer"]) == ("u1", "s1", "hi")
    assert bench.read(bench.write("ids.json", json.dumps({"data": [ids_only]}))) == []
    nobody = {**api, "userId": None}
    assert bench.read(bench.write("nobody.json", json.dumps(nobody))) == []
    assert bench.reasons() == {("account_id", "no account")}


def test_each_kind_of_observation_is_counted(bench: Bench) -> None:
    kinds = ("SPAN", "EVENT", "TOOL", "AGENT", "EMBEDDING", "RETRIEVER", "CHAIN", "GUARDRAIL", "EVALUATOR")
    path = bench.lines("o.jsonl", [{**V2, "id": kind, "type": kind} for kind in kinds])
    assert bench.format_of(path) == "langfuse_observations"
    assert bench.read(path) == []
    assert {kind for _, kind in bench.quarantine.stepped} == {
        "spans",
        "events",
        "tools",
        "agents",
        "embeddings",
        "retrievals",
        "chains",
        "guardrails",
        "evaluations",
    }
