"""OpenTelemetry GenAI: names of today, names up to 1.36, spans and events."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ingest_bench import Bench
from otlp_rows import AT, export, pairs, span, wrap

SAID = [{"role": "user", "parts": [{"type": "text", "content": "hello"}]}]
ANSWERED = [{"role": "assistant", "parts": [{"type": "text", "content": "hi"}], "finish_reason": "stop"}]
NEW = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "m",
    "gen_ai.request.temperature": 0.5,
    "gen_ai.request.choice.count": 2,
    "gen_ai.response.id": "resp1",
    "gen_ai.response.finish_reasons": ["stop"],
    "gen_ai.usage.input_tokens": 3,
    "gen_ai.usage.output_tokens": 4,
    "gen_ai.usage.reasoning.output_tokens": 1,
    "gen_ai.conversation.id": "c1",
    "user.id": "u1",
    "gen_ai.tool.definitions": [{"type": "function", "name": "f"}],
}
OLD = {
    "gen_ai.operation.name": "chat",
    "gen_ai.system": "openai",
    "gen_ai.request.model": "m",
    "gen_ai.usage.prompt_tokens": 3,
    "gen_ai.usage.completion_tokens": 4,
    "enduser.id": "u1",
}


@pytest.mark.parametrize("as_text", [True, False])
def test_current_names(bench: Bench, as_text: bool) -> None:
    words = {
        "gen_ai.input.messages": SAID,
        "gen_ai.output.messages": ANSWERED,
        "gen_ai.system_instructions": [{"type": "text", "content": "be brief"}],
    }
    server = span(
        {"client.address": "198.51.100.3", "user_agent.original": "SDK/3", "http.response.status_code": 200},
        name="POST /v1/chat",
        span_id="b0",
    )
    asked = span({**NEW, **{name: json.dumps(value) if as_text else value for name, value in words.items()}})
    path = bench.lines("otlp.jsonl", [export(server, asked)])
    assert bench.format_of(path) == "otel_genai"
    (row,) = bench.read(path)
    assert row["messages"] == [{"role": "system", "text": "be brief"}, {"role": "user", "text": "hello"}]
    assert (row["request_id"], row["account_id"], row["answer"], row["status"]) == (
        "a1:b1",
        "u1",
        "hi",
        200,
    )
    assert (row["input_tokens"], row["output_tokens"], row["reasoning_tokens"], row["duration_ms"]) == (
        3,
        4,
        1,
        2000,
    )
    assert (row["address"], row["user_agent"]) == ("198.51.100.3", "SDK/3")
    assert (row["parameters"], row["conversation"]) == ("n=2 temperature=0.5", "c1")
    assert row["tools"] == '[{"name":"f","type":"function"}]'


OLD_EVENTS = [
    {
        "name": "gen_ai.system.message",
        "timeUnixNano": AT,
        "attributes": pairs({"gen_ai.event.content": '{"content":"be brief"}'}),
    },
    {"name": "gen_ai.user.message", "timeUnixNano": AT, "attributes": pairs({"content": "hello"})},
    {
        "name": "gen_ai.choice",
        "timeUnixNano": AT,
        "attributes": pairs({"message": '{"role":"assistant","content":"hi"}', "index": 0}),
    },
]
OLD_CONTENT = [
    {
        "name": "gen_ai.content.prompt",
        "attributes": pairs(
            {"gen_ai.prompt": '[{"role":"system","content":"be brief"},{"role":"user","content":"hello"}]'}
        ),
    },
    {
        "name": "gen_ai.content.completion",
        "attributes": pairs({"gen_ai.completion": '[{"role":"assistant","content":"hi"}]'}),
    },
]
OLD_INDEXED = {
    "gen_ai.prompt.0.role": "system",
    "gen_ai.prompt.0.content": "be brief",
    "gen_ai.prompt.1.role": "user",
    "gen_ai.prompt.1.content": "hello",
    "gen_ai.completion.0.role": "assistant",
    "gen_ai.completion.0.content": "hi",
}


@pytest.mark.parametrize(
    "asked",
    [span(OLD, events=OLD_EVENTS), span(OLD, events=OLD_CONTENT), span({**OLD, **OLD_INDEXED})],
    ids=["messages", "content", "indexed"],
)
def test_old_names(bench: Bench, asked: dict[str, Any]) -> None:
    (row,) = bench.read(bench.lines("otlp.jsonl", [export(asked)]))
    assert row["messages"] == [{"role": "system", "text": "be brief"}, {"role": "user", "text": "hello"}]
    assert (row["request_id"], row["account_id"], row["answer"]) == ("a1:b1", "u1", "hi")
    assert (row["input_tokens"], row["output_tokens"]) == (3, 4)


def record(name: str, attributes: dict[str, Any], body: Any = None) -> dict[str, Any]:
    return {
        "timeUnixNano": AT,
        "eventName": name,
        "traceId": "a1",
        "spanId": "b1",
        "attributes": pairs(attributes),
        "body": wrap(body or {}),
    }


def logs(*records: dict[str, Any]) -> dict[str, Any]:
    return {"resourceLogs": [{"resource": {"attributes": []}, "scopeLogs": [{"logRecords": list(records)}]}]}


def test_event_of_today(bench: Bench) -> None:
    details = record(
        "gen_ai.client.inference.operation.details",
        {**NEW, "gen_ai.input.messages": SAID, "gen_ai.output.messages": ANSWERED},
    )
    path = bench.lines("logs.jsonl", [logs(details)])
    assert bench.format_of(path) == "otel_genai"
    (row,) = bench.read(path)
    assert (row["messages"], row["answer"], row["account_id"]) == (
        [{"role": "user", "text": "hello"}],
        "hi",
        "u1",
    )


def test_old_events_of_one_span_are_one_request(bench: Bench) -> None:
    records = [
        record("gen_ai.user.message", {"gen_ai.system": "openai", "user.id": "u1"}, {"content": "hello"}),
        record("gen_ai.choice", {"gen_ai.system": "openai"}, {"index": 0, "message": {"content": "hi"}}),
    ]
    (row,) = bench.read(bench.lines("logs.jsonl", [logs(*records)]))
    assert (row["messages"], row["answer"], row["account_id"]) == (
        [{"role": "user", "text": "hello"}],
        "hi",
        "u1",
    )


def test_other_spans_are_stepped_over_and_bad_ones_alone_are_bad(bench: Bench) -> None:
    tool = span({**NEW, "gen_ai.operation.name": "execute_tool"})
    timeless = {**span(NEW), "startTimeUnixNano": "soon"}
    assert len(bench.read(bench.lines("otlp.jsonl", [export(tool, timeless, span(NEW))]))) == 1
    assert (bench.quarantine.good, bench.quarantine.bad) == (1, 1)
    assert bench.quarantine.stepped == {("otlp.jsonl", "tools"): 1}
    assert bench.quarantine.rows[0][2] == "startTimeUnixNano"


def test_pretty_document_and_single_spans(bench: Bench) -> None:
    pretty = bench.write("pretty.json", json.dumps(export(span(NEW), span(OLD, span_id="b2")), indent=2))
    assert bench.format_of(pretty) == "otel_genai"
    assert len(bench.read(pretty)) == 2
    plain = {
        "name": "chat m",
        "context": {"trace_id": "a", "span_id": "b"},
        "start_time": "2026-02-01T10:00:00Z",
        "end_time": None,
        "attributes": NEW,
    }
    single = bench.write("single.json", json.dumps(plain, indent=1) + "\n" + json.dumps(plain, indent=1))
    assert bench.format_of(single) == "otel_genai"
    assert len(bench.read(single)) == 2
