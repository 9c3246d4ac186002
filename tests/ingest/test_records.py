"""Calls under the fields of loggers, web servers, archives, databases and event hubs."""

from __future__ import annotations

import base64
import json
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from ingest_bench import Bench

Row = dict[str, Any]
BODY: Row = {"model": "heron", "messages": [{"role": "user", "content": "what is a reef"}]}
ANSWER: Row = {
    "id": "c1",
    "choices": [{"message": {"role": "assistant", "content": "coral"}}],
    "usage": {"prompt_tokens": 9, "completion_tokens": 4},
}
STAMP = "2026-02-01T12:00:00Z"
STREAM = "".join(
    f"data: {json.dumps({'id': 'c1', 'choices': [{'delta': {'content': part}}]})}\n\n"
    for part in ("co", "ral")
)


def call(i: int) -> Row:
    return {"request_id": f"r{i}", "time": STAMP, "account_id": "ada", "request": BODY, "response": ANSWER}


def entry(i: int, content: Row, url: str = "https://api.example.com/v1/chat/completions") -> Row:
    return {
        "startedDateTime": STAMP,
        "time": 812.4,
        "request": {
            "method": "POST",
            "url": url,
            "headers": [
                {"name": "Authorization", "value": f"Bearer sk-{'a' * 20}"},
                {"name": "User-Agent", "value": "openai/1"},
            ],
            "postData": {"mimeType": "application/json", "text": json.dumps(BODY)},
        },
        "response": {
            "status": 200,
            "headers": [{"name": "x-request-id", "value": f"r{i}"}],
            "content": content,
        },
    }


def typed(value: Any) -> Row:
    if isinstance(value, bool):
        return {"BOOL": value}
    if value is None:
        return {"NULL": True}
    if isinstance(value, int | float):
        return {"N": str(value)}
    if isinstance(value, str):
        return {"S": value}
    if isinstance(value, list):
        return {"L": [typed(item) for item in value]}
    return {"M": {name: typed(item) for name, item in value.items()}}


def served(i: int, **more: Any) -> Row:
    asked = {"id": i, "method": "POST", "url": "/v1/chat/completions", "body": BODY}
    asked |= {
        "headers": {"user-agent": "openai/1", "x-forwarded-for": "203.0.113.9"},
        "remoteAddress": "10.0.0.2",
    }
    return {
        "level": 30,
        "time": 1769947200000,
        "pid": 7,
        "hostname": "gw",
        "reqId": f"r{i}",
        "req": asked,
    } | {
        "res": {"statusCode": 200, "body": ANSWER},
        "accountId": "ada",
        "responseTime": 812,
        "msg": "request completed",
        **more,
    }


CAPTURED = {"SequenceNumber": 1, "Offset": "1", "EnqueuedTimeUtc": "2/1/2026 12:00:00 PM", "Properties": {}}
TIMELESS = {name: value for name, value in call(0).items() if name != "time"}
BYTES = {"type": "Buffer", "data": list(json.dumps(BODY).encode())}
SHAPES: dict[str, list[Any]] = {
    "pino": [served(0)],
    "pino with text": [served(0, res={"statusCode": 200, "body": json.dumps(ANSWER)})],
    "pino with bytes": [served(0, req={"url": "/v1/messages", "body": BYTES})],
    "express-winston": [
        {
            "level": "info",
            "message": "HTTP POST",
            "timestamp": STAMP,
            "account_id": "ada",
            "meta": {"req": {"url": "/v1/responses", "body": BODY}, "res": {"body": ANSWER}},
            "request_id": "r0",
        }
    ],
    "winston": [{"level": "info", "message": "call", "timestamp": STAMP, "data": TIMELESS}],
    "winston text": [{"level": "info", "message": "call", "timestamp": STAMP, "meta": json.dumps(TIMELESS)}],
    "structlog": [
        {"event": "call", "ts": STAMP, "context": {"user_id": "ada", "id": "r0", **BODY, "response": ANSWER}}
    ],
    "event hub": [{**CAPTURED, "Body": json.dumps(TIMELESS)}],
    "event hub bytes": [{**CAPTURED, "Body": base64.b64encode(json.dumps(call(0)).encode()).decode()}],
    "event hub avro": [{**CAPTURED, "Body": {"bytes": json.dumps(call(0))}}],
    "event hub records": [{**CAPTURED, "Body": {"records": [call(0)]}}],
    "archive": [{"log": {"version": "1.2", "entries": [entry(0, {"text": json.dumps(ANSWER)})]}}],
    "archive base64": [
        {
            "log": {
                "entries": [
                    entry(
                        0,
                        {
                            "text": base64.b64encode(json.dumps(ANSWER).encode()).decode(),
                            "encoding": "base64",
                        },
                    )
                ]
            }
        }
    ],
    "archive stream": [{"log": {"entries": [entry(0, {"text": STREAM})]}}],
    "dynamo export": [{"Item": typed(call(0))["M"]}],
    "dynamo scan": [{"Items": [typed(call(0))["M"]], "Count": 1}],
    "dynamo items": [typed(call(0))["M"]],
    "dynamo stream": [{"eventName": "INSERT", "dynamodb": {"NewImage": typed(call(0))["M"]}}],
    "dynamo text": [{"Item": typed({**call(0), "request": json.dumps(BODY)})["M"]}],
    "clickhouse": [{"meta": [{"name": "time"}], "data": [call(0)], "rows": 1}],
    "clickhouse compact": [
        {"meta": [{"name": name} for name in call(0)], "data": [list(call(0).values())], "rows": 1}
    ],
}


@pytest.mark.parametrize("name", SHAPES)
def test_the_call_inside_is_read(bench: Bench, name: str) -> None:
    (row,) = bench.read(bench.lines("log.jsonl", SHAPES[name]))
    assert row["messages"] == [{"role": "user", "text": "what is a reef"}]
    assert row["answer"] == "coral"
    assert row["request_id"] == "r0"
    assert row["time"].isoformat() == "2026-02-01T12:00:00+00:00"
    assert row["account_id"] == "ada" or row["account_id"].startswith("key-")
    assert "stream" in name or row["output_tokens"] == 4 or name == "pino with bytes"
    assert bench.quarantine.bad == 0


def test_a_document_over_several_lines_is_read(bench: Bench) -> None:
    har = {"log": {"version": "1.2", "entries": [entry(i, {"text": json.dumps(ANSWER)}) for i in range(3)]}}
    assert len(bench.read(bench.write("a.har", json.dumps(har, indent=2)))) == 3
    table = {"meta": [{"name": "time"}], "data": [call(i) for i in range(3)], "rows": 3}
    assert len(bench.read(bench.write("b.json", json.dumps(table, indent=2)))) == 3


def test_events_in_parquet_are_bytes(bench: Bench) -> None:
    path = bench.folder / "capture.parquet"
    bodies = [json.dumps(call(i)).encode() for i in range(3)]
    pq.write_table(pa.table({"EnqueuedTimeUtc": ["2/1/2026 12:00:00 PM"] * 3, "Body": bodies}), path)
    assert [row["request_id"] for row in bench.read(path)] == ["r0", "r1", "r2"]


def test_lines_of_a_web_server_that_ask_no_model_are_counted(bench: Bench) -> None:
    started = {"level": 30, "time": 1769947200000, "pid": 7, "hostname": "gw", "msg": "listening"}
    page = {**served(1), "req": {"url": "/index.html"}, "res": {"statusCode": 200}}
    assert len(bench.read(bench.lines("pino.jsonl", [served(0), started, page, served(2)]))) == 2
    style = entry(1, {"text": "a{}"}, "https://example.com/style.css")
    del style["request"]["postData"]
    bench.read(bench.lines("a.har", [{"log": {"entries": [entry(0, {"text": "x"}), style]}}]))
    assert bench.quarantine.bad == 0
    assert bench.quarantine.stepped == {
        ("pino.jsonl", "log lines without a call"): 1,
        ("pino.jsonl", "calls without a body"): 1,
        ("a.har", "calls without a body"): 1,
    }


@pytest.mark.parametrize(
    "evil",
    [
        {"data": {"account_id": "victim", "messages": []}},
        {"meta": {"account_id": "victim", "request": {"messages": []}}},
        {"Item": {"account_id": {"S": "victim"}}},
        {"EnqueuedTimeUtc": STAMP, "Body": json.dumps({"account_id": "victim", "messages": []})},
        {"log": {"entries": [entry(0, {"text": "x"})]}},
        {"req": {"body": {"messages": []}, "user": {"id": "victim"}}},
        {"meta": [], "data": [{"account_id": "victim", "messages": []}], "rows": 1},
    ],
)
def test_fields_that_a_client_adds_hide_no_row(bench: Bench, evil: Row) -> None:
    """A body that lies flat in the line has whatever fields its client wrote."""
    flat = {"time": STAMP, "account_id": "ada", **BODY, **evil}
    (row,) = bench.read(bench.lines("a.jsonl", [flat]), format="openai_jsonl")
    assert (row["account_id"], row["messages"][0]["text"]) == ("ada", "what is a reef")


def test_the_line_names_the_account_before_what_is_inside(bench: Bench) -> None:
    inside = {"user_id": "chosen", **BODY}
    (row,) = bench.read(bench.lines("a.jsonl", [{"ts": STAMP, "tenant_id": "ada", "data": inside}]))
    assert row["account_id"] == "ada"


def test_deleted_rows_of_a_stream_are_set_aside(bench: Bench) -> None:
    gone = {"eventName": "REMOVE", "dynamodb": {"OldImage": typed(call(1))["M"]}}
    path = bench.lines("a.jsonl", [*SHAPES["dynamo stream"], gone])
    assert len(bench.read(path)) == 1
    assert bench.quarantine.bad == 0
