"""Rows inside what log shippers put around them."""

from __future__ import annotations

import base64
import dataclasses
import json
from dataclasses import replace
from typing import Any

import pytest
from ingest_bench import Bench

from stillwatch.ingest import IngestContext
from stillwatch.ingest.wrappers.extended_json import plain


def inner(i: int, **more: Any) -> dict[str, Any]:
    return {
        "api_key_id": f"k{i}",
        "request_id": f"r{i}",
        "request": {"model": "m", "messages": [{"role": "user", "content": f"hi {i}"}]},
        **more,
    }


STAMP = "2026-02-01T12:00:00Z"
TEXT = [json.dumps(inner(i)) for i in range(4)]
WRAPPED: dict[str, list[Any]] = {
    "docker": [{"log": text + "\n", "stream": "stdout", "time": STAMP} for text in TEXT],
    "fluent-bit": [
        {"log": text, "stream": "stdout", "_p": "F", "time": STAMP, "kubernetes": {"pod_name": "p"}}
        for text in TEXT
    ],
    "vector": [{"message": text, "timestamp": STAMP, "host": "h", "source_type": "file"} for text in TEXT],
    "filebeat": [
        {
            "@timestamp": STAMP,
            "message": text,
            "log": {"offset": 1},
            "input": {"type": "log"},
            "agent": {},
            "ecs": {},
        }
        for text in TEXT
    ],
    "subscription": [
        {
            "messageType": "DATA_MESSAGE",
            "logGroup": "g",
            "logEvents": [{"id": "1", "timestamp": 1769947200000, "message": text} for text in TEXT],
        },
        {"messageType": "CONTROL_MESSAGE", "logEvents": []},
    ],
    "tailed": [
        {"timestamp": 1769947200000, "message": text, "ingestionTime": 1, "eventId": "e"} for text in TEXT
    ],
    "google": [{"insertId": "x", "timestamp": STAMP, "jsonPayload": json.loads(text)} for text in TEXT],
    "google text": [{"insertId": "x", "timestamp": STAMP, "textPayload": text} for text in TEXT],
    "elastic": [
        {"_index": "i", "_id": "1", "_source": {"@timestamp": STAMP, **json.loads(text)}} for text in TEXT
    ],
    "elastic hits": [
        {"took": 1, "hits": {"hits": [{"_source": {"@timestamp": STAMP, "message": text}} for text in TEXT]}}
    ],
    "bulk": [
        row
        for text in TEXT
        for row in ({"index": {"_index": "i"}}, {"@timestamp": STAMP, **json.loads(text)})
    ],
    "loki": [
        {"streams": [{"stream": {"app": "x"}, "values": [["1769947200000000000", text] for text in TEXT]}]}
    ],
    "logcli": [{"labels": {"app": "x"}, "line": text, "timestamp": STAMP} for text in TEXT],
    "journald": [
        {"MESSAGE": list(text.encode()), "__REALTIME_TIMESTAMP": "1769947200000000", "PRIORITY": "6"}
        for text in TEXT
    ],
    "splunk": [{"preview": False, "result": {"_raw": text, "_time": STAMP}} for text in TEXT],
    "splunk collector": [{"time": 1769947200, "host": "h", "event": json.loads(text)} for text in TEXT],
    "datadog": [
        {"id": "A", "type": "log", "attributes": {"timestamp": STAMP, "attributes": json.loads(text)}}
        for text in TEXT
    ],
    "datadog without type": [
        {"id": "A", "attributes": {"timestamp": STAMP, "service": "gw", "attributes": json.loads(text)}}
        for text in TEXT
    ],
    "events": [{"detail-type": "x", "time": STAMP, "detail": json.loads(text)} for text in TEXT],
    "notification": [{"Type": "Notification", "Message": text, "Timestamp": STAMP} for text in TEXT],
    "pub/sub": [
        {
            "subscription": "s",
            "message": {"data": base64.b64encode(text.encode()).decode(), "publishTime": STAMP},
        }
        for text in TEXT
    ],
}


@pytest.mark.parametrize("name", WRAPPED)
def test_wrappers_are_taken_off(bench: Bench, name: str) -> None:
    rows = bench.read(bench.lines("log.jsonl", WRAPPED[name]))
    assert [row["request_id"] for row in rows] == ["r0", "r1", "r2", "r3"]
    assert [row["messages"][0]["text"] for row in rows] == ["hi 0", "hi 1", "hi 2", "hi 3"]
    assert {row["time"].isoformat() for row in rows} == {"2026-02-01T12:00:00+00:00"}
    assert bench.quarantine.bad == 0


@pytest.mark.parametrize(
    "prefix",
    [
        "2026-02-01T12:00:00.000000000Z stdout F ",
        "<134>1 2026-02-01T12:00:00Z host app 12 - - ",
        "2026-02-01T12:00:00.000Z ",
        "[2026-02-01 12:00:00,000] INFO gateway: ",
    ],
)
def test_text_before_the_object(bench: Bench, prefix: str) -> None:
    lines = [f"{prefix}{text}" for text in TEXT]
    start = (
        "2026-02-01T12:00:00.000000000Z stderr F server {started}" if "stdout" in prefix else "server started"
    )
    rows = bench.read(bench.write("app.log", "\n".join([start, *lines, start])))
    assert [row["request_id"] for row in rows] == ["r0", "r1", "r2", "r3"]
    assert {row["time"].isoformat() for row in rows} == {"2026-02-01T12:00:00+00:00"}
    assert bench.quarantine.bad == 0
    assert bench.quarantine.stepped == {("app.log", "log lines without a JSON object"): 2}


@pytest.mark.parametrize(
    "prefix", ["Feb  1 12:00:00 host app[7]: ", "api-1  | ", "[pod/api-7/api] ", "INFO: "]
)
def test_prefixes_without_a_year_take_the_time_of_the_row(bench: Bench, prefix: str) -> None:
    lines = [prefix + json.dumps(inner(i, time="2026-02-03T00:00:00Z")) for i in range(3)]
    assert {row["time"].day for row in bench.read(bench.write("app.log", "\n".join(lines)))} == {3}


def test_parts_of_a_line_are_joined(bench: Bench) -> None:
    docker, cri = [], []
    for i, text in enumerate(TEXT):
        for part in (text[:30], text[30:60]):
            docker.append({"log": part, "stream": "stdout", "time": STAMP})
            cri.append(f"{STAMP} stdout P {part}")
        docker.append({"log": "noise\n", "stream": "stderr", "time": STAMP})
        cri.append(f"{STAMP} stderr F noise {i}")
        docker.append({"log": text[60:] + "\n", "stream": "stdout", "time": STAMP})
        cri.append(f"{STAMP} stdout F {text[60:]}")
    for path in (bench.lines("docker.log", docker), bench.write("cri.log", "\n".join(cri))):
        assert [row["request_id"] for row in bench.read(path)] == ["r0", "r1", "r2", "r3"]
    assert bench.quarantine.bad == 0
    assert len(bench.read(bench.write("cut.log", "\n".join(cri[:-1])))) == 3
    assert bench.quarantine.bad == 1


def test_a_long_line_of_one_stream_takes_no_line_of_the_other(bench: Bench) -> None:
    bench.settings = dataclasses.replace(bench.settings, max_row_bytes=1024)
    bench.ingest_context = IngestContext(bench.settings)
    words = json.dumps(inner(9, note="x" * 1500))
    parts = [words[at : at + 300] for at in range(0, len(words), 300)]
    lines = [f"{STAMP} stderr F {text}" for text in TEXT[:1]]
    lines += [f"{STAMP} stdout P {part}" for part in parts[:-1]]
    lines += [f"{STAMP} stderr F {text}" for text in TEXT[1:3]]
    lines += [f"{STAMP} stdout F {parts[-1]}", f"{STAMP} stdout F {TEXT[3]}"]
    assert [row["request_id"] for row in bench.read(bench.write("cri.log", "\n".join(lines)))] == [
        "r0",
        "r1",
        "r2",
        "r3",
    ]
    assert bench.reasons() == {("", "row longer than ingest.max_row_bytes (1,024 bytes)")}


def test_the_inner_time_wins(bench: Bench) -> None:
    text = json.dumps(inner(0, timestamp="2026-02-09T00:00:00Z"))
    (row,) = bench.read(bench.lines("a.log", [{"log": text + "\n", "stream": "stdout", "time": STAMP}]))
    assert row["time"].day == 9


def test_what_is_no_wrapper_stays(bench: Bench) -> None:
    rows = [
        {
            "time": STAMP,
            "account_id": "u",
            "model": "m",
            "prompt": '{"model": "x", "user": "y"}',
            "message": '{"a": 1, "b": 2}',
        },
        {
            "time": STAMP,
            "account_id": "u",
            "model": "m",
            "prompt": "b",
            "log": '{"account_id": "z", "time": 1}',
        },
    ]
    read = bench.read(bench.lines("a.jsonl", rows))
    assert [row["account_id"] for row in read] == ["u", "u"]
    assert read[0]["messages"][0]["text"].startswith('{"model"')


VICTIM = '{"account_id": "victim", "messages": [{"role": "user", "content": "x"}], "model": "m"}'


@pytest.mark.parametrize(
    ("outer", "account"),
    [
        ({"tenant": "u", "input": "hello", "message": VICTIM}, "u"),
        ({"customer": "u", "agent": "python/2", "message": "hello"}, "u"),
        ({"customer": "u", "agent": "python/2", "message": VICTIM}, "u"),
        ({"caller": "u", "kubernetes": {"pod_name": "p"}, "log": VICTIM}, "u"),
        ({"who": "u", "msg": VICTIM}, "u"),
    ],
)
def test_words_of_a_client_replace_no_row(outer: dict[str, Any], account: str, bench: Bench) -> None:
    named = next(name for name in ("tenant", "customer", "caller", "who") if name in outer)
    bench.ingest_context = IngestContext(replace(bench.settings, account_field=named))
    rows = [{"time": STAMP, "model": "m", **outer, "request_id": f"r{i}"} for i in range(3)]
    for row in rows:
        del row["model"]
    found = bench.read(bench.lines("a.jsonl", rows), "openai_jsonl")
    assert [(row["account_id"], row["request_id"]) for row in found] == [(account, f"r{i}") for i in range(3)]
    assert not bench.quarantine.stepped


def test_fields_of_a_shipper_hide_none_of_the_line(bench: Bench) -> None:
    outer = {
        "host": "h",
        "input": {"type": "log"},
        "id": "x",
        "status": "info",
        "agent": {"type": "filebeat"},
    }
    lines = [{**outer, "@timestamp": STAMP, "message": text, "cluster_name": "c"} for text in TEXT]
    found = bench.read(bench.lines("a.jsonl", lines))
    assert [row["request_id"] for row in found] == ["r0", "r1", "r2", "r3"]


def test_a_mapping_into_a_wrapper_keeps_it(bench: Bench) -> None:
    path = bench.lines("a.jsonl", [{"timestamp": STAMP, "jsonPayload": {"who": "u1", "said": "hello"}}])
    mapping = bench.write(
        "map.toml",
        '[columns]\ntime = "timestamp"\naccount_id = "jsonPayload.who"\nprompt = "jsonPayload.said"\n',
    )
    (row,) = bench.read(path, mapping=mapping)
    assert (row["account_id"], row["messages"][0]["text"]) == ("u1", "hello")


def test_objects_on_one_line(bench: Bench) -> None:
    rows = [inner(i, time=STAMP) for i in range(400)]
    joined = "".join(map(json.dumps, rows))
    mixed = "\n".join(json.dumps(row) for row in rows[:2]) + "\n" + "".join(map(json.dumps, rows[2:]))
    for text in (joined, mixed):
        assert len(bench.read(bench.write("part-0001", text))) == 400
    assert bench.quarantine.bad == 0


def test_extended_json(bench: Bench) -> None:
    row = inner(
        0,
        timestamp={"$date": {"$numberLong": "1769947200000"}},
        _id={"$oid": "65"},
        status={"$numberInt": "200"},
    )
    (read,) = bench.read(bench.lines("a.json", [row]))
    assert (read["time"].isoformat(), read["status"]) == ("2026-02-01T12:00:00+00:00", 200)
    assert plain({"$ref": "#/x"}) == {"$ref": "#/x"}
    deep: Any = {"$oid": "1"}
    for _ in range(400):
        deep = {"a": deep}
    assert plain(deep) == deep


def test_side_tables_are_unwrapped(bench: Bench) -> None:
    from stillwatch.ingest import read_accounts

    path = bench.lines(
        "accounts.jsonl", [{"_index": "a", "_source": {"account_id": f"u{i}", "plan": "p"}} for i in range(3)]
    )
    assert read_accounts(path, bench.ingest_context, bench.quarantine)["account_id"].to_pylist() == [
        "u0",
        "u1",
        "u2",
    ]
