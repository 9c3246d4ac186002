"""The stores that spans come from: each has its own names for the same things."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from ingest_bench import Bench, Rows
from otlp_rows import AT, export, span

US = int(AT) // 1_000
ASKED = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "m", "gen_ai.prompt.0.content": "tide"}
OWNED = {**ASKED, "user.id": "u1"}


def only(rows: Rows, **wanted: Any) -> None:
    """Check that one call was read, with these fields."""
    (row,) = rows
    assert {name: row[name] for name in wanted} == wanted


def tags(attributes: dict[str, Any]) -> list[dict[str, Any]]:
    """Jaeger's pairs."""
    return [{"key": name, "type": "string", "value": value} for name, value in attributes.items()]


def jaeger(span_id: str, attributes: dict[str, Any], parent: str = "") -> dict[str, Any]:
    references = [{"refType": "CHILD_OF", "traceID": "ab", "spanID": parent}] if parent else []
    return {
        "traceID": "ab",
        "spanID": span_id,
        "operationName": "chat",
        "references": references,
        "startTime": US,
        "duration": 1_500,
        "tags": tags(attributes),
        "logs": [],
        "processID": "p1",
    }


def test_jaeger_answers(bench: Bench) -> None:
    outer = {"span.kind": "server", "http.status_code": 429, "client.address": "192.0.2.4"}
    trace = {
        "traceID": "ab",
        "spans": [jaeger("c1", outer), jaeger("c2", ASKED, "c1")],
        "processes": {"p1": {"serviceName": "gw", "tags": tags({"user.id": "u1"})}},
    }
    wanted = {
        "request_id": "ab:c2",
        "account_id": "u1",
        "status": 429,
        "address": "192.0.2.4",
        "duration_ms": 1,
    }
    for name, text in (
        ("api.json", json.dumps({"data": [trace], "total": 0})),
        ("page.json", json.dumps({"data": [trace]}, indent=2)),
        ("traces.jsonl", json.dumps(trace) + "\n"),
    ):
        path = bench.write(name, text)
        assert bench.format_of(path) == "jaeger_traces"
        only(bench.read(path), **wanted)


def test_jaeger_documents_of_a_store(bench: Bench) -> None:
    inner, outer = jaeger("c2", ASKED, "c1"), jaeger("c1", {"span.kind": "server"})
    outer["tag"] = {"user@id": "u1", "client@address": "192.0.2.4"}
    rows = [{"_index": "jaeger-span", "_source": one} for one in (inner, outer)]
    path = bench.lines("jaeger.jsonl", rows)
    assert bench.format_of(path) == "jaeger_traces"
    only(bench.read(path), request_id="ab:c2", account_id="u1", address="192.0.2.4")


def test_tempo_answers(bench: Bench) -> None:
    entry = export(span(OWNED))["resourceSpans"][0]
    old = {"resource": {}, "instrumentationLibrarySpans": entry["scopeSpans"]}
    for number, document in enumerate(
        (
            {"batches": [entry]},
            {"batches": [old]},
            {"trace": {"resourceSpans": [entry]}},
            {"trace": {"batches": [entry]}, "status": "complete"},
        )
    ):
        for indent in (None, 2):
            path = bench.write(f"{number}-{indent}.json", json.dumps(document, indent=indent))
            assert bench.format_of(path) == "otel_genai"
            only(bench.read(path), request_id="a1:b1", account_id="u1")


def test_zipkin(bench: Bench) -> None:
    server = {
        "traceId": "a1",
        "id": "b1",
        "kind": "SERVER",
        "name": "post",
        "timestamp": US,
        "duration": 2_000,
        "tags": {"http.status_code": "200", "user.id": "u1"},
        "remoteEndpoint": {"ipv4": "192.0.2.4", "port": 4},
    }
    asked = {
        "traceId": "a1",
        "id": "b2",
        "parentId": "b1",
        "kind": "CLIENT",
        "name": "chat",
        "timestamp": US,
        "duration": 1_900,
        "tags": ASKED,
        "localEndpoint": {"serviceName": "gw"},
    }
    path = bench.write("zipkin.json", json.dumps([asked, server]))
    assert bench.format_of(path) == "zipkin_spans"
    only(bench.read(path), request_id="a1:b2", account_id="u1", address="192.0.2.4", status=200)


def clickhouse(span_id: str, attributes: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "Timestamp": "2026-02-01 12:00:00.123456789",
        "TraceId": "a1",
        "SpanId": span_id,
        "ParentSpanId": "",
        "SpanName": "chat m",
        "SpanKind": "Client",
        "ServiceName": "gw",
        "ResourceAttributes": {"service.name": "gw"},
        "SpanAttributes": attributes,
        "Duration": 1_000_000_000,
        "StatusCode": "Ok",
        **more,
    }


EVENTS = {"gen_ai.event.content": '{"content":"sea"}'}


@pytest.mark.parametrize(
    "events",
    [
        {"Events.Name": ["gen_ai.user.message"], "Events.Attributes": [EVENTS]},
        {"Events": [{"Name": "gen_ai.user.message", "Attributes": EVENTS}]},
        {"Events": {"Name": ["gen_ai.user.message"], "Attributes": [EVENTS]}},
    ],
)
def test_clickhouse(bench: Bench, events: dict[str, Any]) -> None:
    asked = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "m"}
    outer = clickhouse("b1", {"user.id": "u1", "client.address": "192.0.2.4"}, SpanKind="SPAN_KIND_SERVER")
    path = bench.lines("otel_traces.jsonl", [outer, clickhouse("b2", asked, ParentSpanId="b1", **events)])
    assert bench.format_of(path) == "otel_clickhouse"
    only(
        bench.read(path),
        request_id="a1:b2",
        account_id="u1",
        address="192.0.2.4",
        status=200,
        duration_ms=1000,
        messages=[{"role": "user", "text": "sea"}],
    )


def test_clickhouse_maps_as_parquet_and_as_text(bench: Bench) -> None:
    row = clickhouse("b1", OWNED)
    maps = pa.map_(pa.string(), pa.string())
    columns = {
        name: pa.array([list(value.items())], maps) if isinstance(value, dict) else pa.array([value])
        for name, value in row.items()
    }
    path = bench.folder / "otel_traces.parquet"
    pq.write_table(pa.table(columns), path)
    assert bench.format_of(path) == "otel_clickhouse"
    only(bench.read(path), account_id="u1", messages=[{"role": "user", "text": "tide"}])
    texts = {name: json.dumps(value) if isinstance(value, dict) else value for name, value in row.items()}
    only(bench.read(bench.lines("texts.jsonl", [texts])), account_id="u1")


def test_clickhouse_log_records(bench: Bench) -> None:
    row = {
        "Timestamp": "2026-02-01 12:00:00.5",
        "TraceId": "a1",
        "SpanId": "b1",
        "SeverityText": "",
        "Body": '{"content":"sea"}',
        "EventName": "gen_ai.user.message",
        "LogAttributes": {"user.id": "u1", "gen_ai.system": "openai"},
        "ResourceAttributes": {},
    }
    path = bench.lines("otel_logs.jsonl", [row])
    assert bench.format_of(path) == "otel_clickhouse"
    only(bench.read(path), request_id="a1:b1", messages=[{"role": "user", "text": "sea"}])


FRAME: dict[str, Any] = {
    "context.span_id": "b1",
    "context.trace_id": "a1",
    "parent_id": None,
    "name": "ChatCompletion",
    "span_kind": "LLM",
    "start_time": "2026-02-01 12:00:00.123456+00:00",
    "end_time": "2026-02-01 12:00:01.123456+00:00",
    "status_code": "OK",
    "attributes.llm.model_name": "m",
    "attributes.llm.input_messages": [
        {"message.role": "user", "message.content": 'it\'s "sea"'},
        {
            "message.role": "assistant",
            "message.tool_calls": [{"tool_call.function.name": "f", "tool_call.function.arguments": "{}"}],
        },
    ],
    "attributes.llm.output_messages": [{"message.role": "assistant", "message.content": "hi"}],
    "attributes.llm.token_count.prompt": 5.0,
    "attributes.user.id": "u1",
    "attributes.session.id": "s1",
}
CHAIN = {**FRAME, "context.span_id": "b0", "span_kind": "CHAIN"}
SEEN = {
    "request_id": "a1:b1",
    "account_id": "u1",
    "conversation": "s1",
    "input_tokens": 5,
    "status": 200,
    "answer": "hi",
    "duration_ms": 1000,
    "messages": [{"role": "user", "text": 'it\'s "sea"'}, {"role": "assistant", "text": "[call f] {}"}],
}


def test_data_frames_of_phoenix(bench: Bench) -> None:
    lines = bench.lines("spans.jsonl", [FRAME, CHAIN])
    assert bench.format_of(lines) == "phoenix_spans"
    only(bench.read(lines), **SEEN)
    assert bench.quarantine.stepped == {("spans.jsonl", "chains"): 1}
    parquet = bench.folder / "spans.parquet"
    pq.write_table(pa.Table.from_pylist([FRAME, CHAIN]), parquet)
    assert bench.format_of(parquet) == "phoenix_spans"
    only(bench.read(parquet), **SEEN)


@pytest.mark.parametrize("as_json", [True, False])
def test_a_csv_of_phoenix_holds_lists_as_json_or_as_python_wrote_them(bench: Bench, as_json: bool) -> None:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(FRAME))
    writer.writeheader()
    for row in (FRAME, CHAIN):
        cells = {name: json.dumps(v) if as_json and isinstance(v, list) else v for name, v in row.items()}
        writer.writerow(cells)
    path = bench.write("spans.csv", text.getvalue())
    assert bench.format_of(path) == "phoenix_spans"
    only(bench.read(path), **SEEN)


def test_nested_attributes_of_phoenix_api(bench: Bench) -> None:
    row = {
        "context": {"trace_id": "a1", "span_id": "b1"},
        "name": "ChatCompletion",
        "span_kind": "LLM",
        "parent_id": None,
        "start_time": "2026-02-01T12:00:00Z",
        "end_time": "2026-02-01T12:00:01Z",
        "status_code": "OK",
        "attributes": {
            "openinference": {"span": {"kind": "LLM"}},
            "llm": {
                "model_name": "m",
                "token_count": {"prompt": 5},
                "input_messages": [{"message": {"role": "user", "content": "sea"}}],
                "output_messages": [{"message": {"role": "assistant", "content": "hi"}}],
            },
            "user": {"id": "u1"},
        },
    }
    path = bench.lines("spans.jsonl", [row])
    assert bench.format_of(path) == "otel_genai"
    only(bench.read(path), account_id="u1", input_tokens=5, answer="hi", model="m", status=200)


def test_console_exporters(bench: Bench) -> None:
    one: dict[str, Any] = {
        "name": "chat m",
        "context": {"trace_id": "0xA1", "span_id": "0xB1", "trace_state": "[]"},
        "kind": "SpanKind.CLIENT",
        "parent_id": None,
        "start_time": "2026-02-01T12:00:00.123456Z",
        "end_time": "2026-02-01T12:00:09.123456Z",
        "status": {"status_code": "ERROR"},
        "attributes": OWNED,
        "events": [],
        "resource": {"attributes": {"service.name": "x"}},
    }
    spans = bench.write("spans.json", json.dumps(one, indent=4) + "\n" + json.dumps(one, indent=4))
    assert [row["status"] for row in bench.read(spans)] == [500, 500]
    record = {
        "body": {"content": "sea"},
        "severity_number": 9,
        "attributes": {"event.name": "gen_ai.user.message", "user.id": "u1"},
        "timestamp": "2026-02-01T12:00:00.123456Z",
        "trace_id": "0xa1",
        "span_id": "0xb1",
    }
    logs = bench.write("logs.json", json.dumps(record, indent=4))
    assert bench.format_of(logs) == "otel_genai"
    only(bench.read(logs), request_id="a1:b1", messages=[{"role": "user", "text": "sea"}])


def test_mlflow_traces(bench: Bench) -> None:
    attributes = {
        "mlflow.spanType": '"CHAT_MODEL"',
        "mlflow.spanInputs": json.dumps({"messages": [{"role": "user", "content": "sea"}], "model": "m"}),
        "mlflow.spanOutputs": json.dumps({"choices": [{"message": {"content": "hi"}}]}),
    }
    one: dict[str, Any] = {
        "name": "Completions",
        "context": {"trace_id": "a1", "span_id": "b1"},
        "parent_id": "b0",
        "start_time": int(AT),
        "end_time": int(AT) + 10**9,
        "status_code": "OK",
        "attributes": attributes,
        "events": [],
    }
    outer = {**one, "context": {"trace_id": "a1", "span_id": "b0"}, "parent_id": None}
    outer["attributes"] = {"mlflow.spanType": '"AGENT"', "mlflow.spanInputs": "{}"}
    row = {
        "info": {
            "trace_id": "tr-1",
            "trace_metadata": {"mlflow.trace.user": "u1", "mlflow.trace.session": "s1"},
        },
        "data": {"spans": [outer, one]},
    }
    path = bench.lines("traces.jsonl", [row])
    assert bench.format_of(path) == "mlflow_traces"
    only(bench.read(path), account_id="u1", conversation="s1", answer="hi", model="m", status=200)
    assert bench.quarantine.stepped == {("traces.jsonl", "agents"): 1}


RUN: dict[str, Any] = {
    "id": "r1",
    "trace_id": "t1",
    "run_type": "llm",
    "name": "ChatOpenAI",
    "start_time": "2026-02-01T12:00:00.000000",
    "end_time": "2026-02-01T12:00:01.000000",
    "status": "success",
    "inputs": {"messages": [[{"role": "user", "content": "sea"}]]},
    "outputs": {"generations": [[{"text": "hi", "message": {"role": "assistant", "content": "hi"}}]]},
    "extra": {
        "metadata": {"user_id": "u1", "thread_id": "s1", "ls_model_name": "m"},
        "invocation_params": {"temperature": 0.5, "tools": [{"type": "function"}]},
    },
    "prompt_tokens": 5,
    "completion_tokens": 2,
    "parent_run_id": None,
}


def test_langsmith_runs(bench: Bench) -> None:
    wrapped = {
        **RUN,
        "id": "r2",
        "inputs": json.dumps(
            {"messages": [{"role": "user", "content": "sea"}], "model": "m", "temperature": 0.5}
        ),
        "outputs": json.dumps({"choices": [{"message": {"role": "assistant", "content": "hi"}}]}),
        "extra": json.dumps({"metadata": {"user_id": "u1", "thread_id": "s1"}}),
    }
    path = bench.lines("runs.jsonl", [RUN, {**RUN, "run_type": "chain"}, wrapped])
    assert bench.format_of(path) == "langsmith_runs"
    rows = bench.read(path)
    for row in rows:
        assert row["messages"] == [{"role": "user", "text": "sea"}]
        assert (row["answer"], row["model"], row["account_id"], row["conversation"]) == (
            "hi",
            "m",
            "u1",
            "s1",
        )
        assert (row["input_tokens"], row["output_tokens"], row["status"], row["duration_ms"]) == (
            5,
            2,
            200,
            1000,
        )
        assert row["parameters"] == "temperature=0.5"
    assert [row["request_id"] for row in rows] == ["r1", "r2"]
    assert rows[0]["tools"] == '[{"type":"function"}]'
    assert bench.quarantine.stepped == {("runs.jsonl", "chains"): 1}
