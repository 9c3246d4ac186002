"""Rows with canaries of the formats that hold traces."""

from __future__ import annotations

import json
from typing import Any

from canary_nest import AGENT, DOMAIN, MODEL, Nest
from canary_rows import langfuse, pairs

Row = dict[str, Any]
MICROS = 1_772_449_200_000_000
"""2026-03-02 11:00 UTC."""


def attributes(nest: Nest, name: str, i: int) -> Row:
    """Attributes of a call, in the words of several vocabularies."""
    c, d = nest.at(f"{name} {i}")
    return {
        "openinference.span.kind": "LLM", "llm.model_name": MODEL, "user.id": f"shownaccount-{i}", "session.id": d("session"), "gen_ai.request.user": d("end user"), "user.email": f"{d('mail')}@{DOMAIN}",
        "llm.input_messages.0.message.role": "user", "llm.input_messages.0.message.content": c("prompt"), "llm.output_messages.0.message.content": c("answer"), "user_agent.original": AGENT,
        "llm.output_messages.0.message.tool_calls.0.tool_call.function.name": d("call"), "llm.invocation_parameters": json.dumps({"stop": c("stop"), "user": d("user")}), "input.value": c("input"),
        "llm.tools.0.tool.json_schema": json.dumps({"name": d("tool"), "description": c("tool")}), "metadata": json.dumps({d("meta key"): c("meta")}), "http.request.header.cookie": d("cookie"),
        "gen_ai.prompt.0.content": c("old prompt"), "ai.prompt.messages": json.dumps([{"role": "user", "content": c("sdk prompt")}]), d("odd attribute"): c("odd value"),
    }  # fmt: skip


def clickhouse(nest: Nest, i: int) -> Row:
    """A row of the ClickHouse exporter."""
    c, d = nest.at(f"clickhouse row {i}")
    return {
        "Timestamp": f"2026-03-02 11:00:{i:02d}.000000000", "TraceId": f"ca{i}", "SpanId": f"shownrequest-clickhouse-{i}", "ParentSpanId": d("parent"), "SpanName": c("name"), "StatusMessage": c("status"),
        "SpanAttributes": attributes(nest, "clickhouse", i), "ResourceAttributes": {"host.name": d("host")}, "Duration": 5_000_000, "Events.Name": ["exception"], "Events.Attributes": [{"exception.message": c("exception")}],
    }  # fmt: skip


def jaeger(nest: Nest, i: int) -> Row:
    """A span as Jaeger's store has it."""
    c, d = nest.at(f"jaeger row {i}")
    return {
        "traceID": f"ja{i}", "spanID": f"shownrequest-jaeger-{i}", "operationName": c("name"), "startTime": MICROS + i, "duration": 50, "references": [{"refType": "CHILD_OF", "spanID": d("parent")}],
        "tags": [{"key": key, "type": "string", "value": value} for key, value in attributes(nest, "jaeger", i).items()], "process": {"serviceName": c("service"), "tags": pairs({"host.name": d("host")})},
        "logs": [{"timestamp": MICROS, "fields": [{"key": "event", "value": c("event")}]}],
    }  # fmt: skip


def zipkin(nest: Nest, i: int) -> Row:
    """A span as Zipkin has it."""
    c, d = nest.at(f"zipkin row {i}")
    return {
        "traceId": f"za{i}", "id": f"shownrequest-zipkin-{i}", "parentId": d("parent"), "name": c("name"), "timestamp": MICROS + i, "duration": 50, "tags": attributes(nest, "zipkin", i),
        "localEndpoint": {"serviceName": c("service")}, "annotations": [{"timestamp": MICROS, "value": c("annotation")}],
    }  # fmt: skip


def phoenix(nest: Nest, i: int) -> Row:
    """A row of a data frame of spans."""
    c, d = nest.at(f"phoenix row {i}")
    known = attributes(nest, "phoenix", i)
    known.popitem()  # a column's name is the operator's, and is shown
    held = {f"attributes.{key}": value for key, value in known.items()}
    return {
        "context.trace_id": f"pa{i}", "context.span_id": f"shownrequest-phoenix-{i}", "parent_id": d("parent"), "name": c("name"), "span_kind": "LLM", "start_time": f"2026-03-02 11:00:{i:02d}+00:00",
        "status_message": c("status"), **held,
    }  # fmt: skip


def mlflow(nest: Nest, i: int) -> Row:
    """A trace with one call."""
    c, d = nest.at(f"mlflow {i}")
    body = {"messages": [{"role": "user", "content": c("prompt")}], "model": MODEL, "user": d("user")}
    span = {
        "name": c("name"), "context": {"trace_id": f"ma{i}", "span_id": f"shownrequest-mlflow-{i}"}, "parent_id": None, "start_time": MICROS * 1_000 + i, "end_time": None, "status_code": "OK",
        "attributes": {"mlflow.spanType": '"LLM"', "mlflow.spanInputs": json.dumps(body), "mlflow.spanOutputs": json.dumps({"choices": [{"message": {"content": c("answer")}}]})},
    }  # fmt: skip
    told = {"mlflow.trace.user": f"shownaccount-{i}", "mlflow.trace.session": d("session")}
    return {
        "info": {"request_preview": c("preview"), "trace_metadata": told, "tags": {d("tag"): c("tag")}},
        "data": {"spans": [span]},
    }


def langsmith(nest: Nest, i: int) -> Row:
    """A run of a model."""
    c, d = nest.at(f"langsmith {i}")
    return {
        "id": f"shownrequest-langsmith-{i}", "trace_id": d("trace"), "run_type": "llm", "name": c("name"), "start_time": f"2026-03-02T11:00:{i:02d}", "end_time": None, "error": None, "tags": [c("tag")],
        "inputs": {"messages": [[{"role": "user", "content": c("prompt")}]]}, "outputs": {"generations": [[{"text": c("answer")}]]},
        "extra": {"metadata": {"user_id": f"shownaccount-{i}", "thread_id": d("thread"), "ls_model_name": MODEL, d("key"): c("meta")}, "invocation_params": {"stop": c("stop"), "tools": [{"name": d("tool")}]}},
    }  # fmt: skip


def trace(nest: Nest, i: int) -> Row:
    """A trace of Langfuse with its observation."""
    c, d = nest.at(f"langfuse trace {i}")
    observation = langfuse(nest, 400 + i)
    del observation["user_id"], observation["session_id"]
    return {
        "id": d("trace"), "timestamp": "2026-03-02 12:00:00", "name": c("name"), "userId": f"shownaccount-{i}", "sessionId": d("session"), "tags": [c("tag")], "input": c("input"), "output": c("output"),
        "metadata": {d("meta key"): c("meta")}, "observations": [observation],
    }  # fmt: skip


def score(nest: Nest, i: int) -> Row:
    """A score of Langfuse."""
    c, d = nest.at(f"langfuse score {i}")
    return {
        "id": d("score"), "trace_id": d("trace"), "timestamp": "2026-03-02 12:00:00", "name": c("name"), "value": 1, "string_value": c("value"), "source": "API", "comment": c("comment"),
    }  # fmt: skip


TRACES = {
    "clickhouse": clickhouse,
    "jaeger": jaeger,
    "zipkin": zipkin,
    "phoenix": phoenix,
    "mlflow": mlflow,
    "langsmith": langsmith,
    "langfuse_traces": trace,
    "langfuse_scores": score,
}
"""What makes the rows of each file."""
