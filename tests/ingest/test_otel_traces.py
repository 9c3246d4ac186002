"""One call, one exchange: spans inside each other, in other lines and other files, and who the client is."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ingest_bench import Bench, Rows
from otlp_rows import export, pairs, span

from stillwatch.settings import IngestSettings

CHAT = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "m"}
OWNED = {**CHAT, "user.id": "u1"}
HTTP = {
    "http.request.method": "POST",
    "client.address": "198.51.100.7",
    "user_agent.original": "SDK/3",
    "user.id": "u1",
    "http.response.status_code": 200,
}
SERVER, CLIENT = 2, 3


def ids(rows: Rows) -> list[str]:
    return sorted(row["request_id"] for row in rows)


def test_the_inner_of_two_calls_is_the_exchange(bench: Bench) -> None:
    outer = span({**OWNED, "client.address": "198.51.100.7"}, kind=CLIENT, ms=(0, 900))
    between = span({"thread.id": 3}, span_id="b2", parent="b1", ms=(10, 890))
    inner = span({**CHAT, "gen_ai.completion": "hi"}, span_id="b3", parent="b2", kind=CLIENT, ms=(20, 880))
    (row,) = bench.read(bench.lines("otlp.jsonl", [export(outer, between, inner)]))
    assert (row["request_id"], row["account_id"], row["address"]) == ("a1:b3", "u1", "198.51.100.7")
    assert (row["answer"], row["duration_ms"]) == ("hi", 860)
    assert bench.quarantine.stepped == {
        ("otlp.jsonl", "spans around a call"): 1,
        ("otlp.jsonl", "other spans"): 1,
    }


def test_also_where_the_outer_one_comes_in_a_later_line(bench: Bench) -> None:
    inner = span(OWNED, span_id="b2", parent="b1", ms=(10, 800))
    assert ids(bench.read(bench.lines("a.jsonl", [export(inner), export(span(OWNED))]))) == ["a1:b2"]


def test_a_client_that_names_another_call_as_parent_hides_nothing(bench: Bench) -> None:
    """It may send any trace and any span as those around its request."""
    calls = [
        span(OWNED, span_id=f"b{i}", parent=f"b{i - 1}", ms=(i * 5_000, i * 5_000 + 900)) for i in range(1, 6)
    ]
    assert len(bench.read(bench.lines("one.jsonl", [export(*calls)]))) == 5
    assert len(bench.read(bench.lines("lines.jsonl", [export(call) for call in calls]))) == 5
    served = [
        span(OWNED, span_id="c1", ms=(0, 9_000)),
        span(HTTP, span_id="c2", parent="c1", kind=SERVER, ms=(10, 900)),
        span(OWNED, span_id="c3", parent="c2", ms=(20, 800)),
    ]
    assert ids(bench.read(bench.lines("served.jsonl", [export(*served)]))) == ["a1:c1", "a1:c3"]


def test_the_client_comes_from_the_request_around_not_from_the_call_to_the_model(bench: Bench) -> None:
    spans = [
        span(HTTP, span_id="b1", kind=SERVER),
        span(CHAT, span_id="b2", parent="b1", kind=CLIENT, ms=(10, 800)),
        span(
            {
                "http.request.method": "POST",
                "network.peer.address": "203.0.113.5",
                "user_agent.original": "own/1",
            },
            span_id="b3",
            parent="b2",
            kind=CLIENT,
            ms=(20, 700),
        ),
    ]
    (row,) = bench.read(bench.lines("otlp.jsonl", [export(*spans[::-1])]))
    assert (row["account_id"], row["address"], row["user_agent"]) == ("u1", "198.51.100.7", "SDK/3")
    alone = span({**OWNED, "network.peer.address": "203.0.113.5"}, kind=CLIENT)
    (row,) = bench.read(bench.lines("alone.jsonl", [export(alone)]))
    assert row["address"] is None


@pytest.mark.parametrize("linked", [True, False])
@pytest.mark.parametrize("folder", [True, False])
def test_the_http_span_may_be_in_another_line_or_file(bench: Bench, linked: bool, folder: bool) -> None:
    asked = [
        export(span(CHAT, trace=f"a{i}", span_id="b2", parent="b1" if linked else "", ms=(10, 900)))
        for i in range(30)
    ]
    served = [export(span({**HTTP, "user.id": f"u{i}"}, trace=f"a{i}", kind=SERVER)) for i in range(30)]
    if folder:
        bench.lines("calls.jsonl", asked)
        bench.lines("server.jsonl", served)
        rows = bench.read(bench.folder)
    else:
        rows = bench.read(bench.lines("traces.jsonl", [*asked, *served]))
    assert sorted(row["account_id"] for row in rows) == sorted(f"u{i}" for i in range(30))
    assert {row["address"] for row in rows} == {"198.51.100.7"}
    assert bench.quarantine.bad == 0
    assert sum(bench.quarantine.stepped.values()) == 30


def test_no_account_anywhere_is_a_bad_row(bench: Bench) -> None:
    assert bench.read(bench.lines("traces.jsonl", [export(span(CHAT))])) == []
    assert bench.reasons() == {("account_id", "no account")}


def test_two_clients_that_name_one_trace_are_not_mixed(bench: Bench) -> None:
    rows = bench.read(
        bench.lines(
            "traces.jsonl",
            [
                export(span({**HTTP, "user.id": "u1"}, span_id="b1", kind=SERVER, ms=(0, 900))),
                export(span({**HTTP, "user.id": "u2"}, span_id="c1", kind=SERVER, ms=(5_000, 5_900))),
                export(span(CHAT, span_id="b2", parent="b1", ms=(10, 800))),
                export(span(CHAT, span_id="c2", parent="c1", ms=(5_010, 5_800))),
                export(span(CHAT, span_id="d2", ms=(10, 800))),
            ],
        )
    )
    assert {row["request_id"]: row["account_id"] for row in rows} == {"a1:b2": "u1", "a1:c2": "u2"}
    assert bench.reasons() == {("account_id", "no account")}  # which of the two d2 is of, nobody can say


def test_span_and_event_of_one_call_have_one_id(bench: Bench) -> None:
    said = [{"role": "user", "parts": [{"type": "text", "content": "hello"}]}]
    record = {
        "timeUnixNano": "1769940000000000000",
        "eventName": "gen_ai.client.inference.operation.details",
        "traceId": "A1",
        "spanId": "B1",
        "attributes": pairs({**OWNED, "gen_ai.input.messages": said}),
    }
    bench.lines("logs.jsonl", [{"resourceLogs": [{"scopeLogs": [{"logRecords": [record]}]}]}])
    known = {**OWNED, "http.request.header.x-request-id": ["r1"], "gen_ai.response.id": "resp1"}
    bench.lines("traces.jsonl", [export(span(known))])
    rows = bench.read(bench.folder)
    assert [row["request_id"] for row in rows] == ["a1:b1", "a1:b1"]
    assert [row["messages"] is None for row in rows] == [False, True]


def test_an_event_without_an_account_has_that_of_its_span(bench: Bench) -> None:
    record = {
        "timeUnixNano": "1769940000000000000",
        "eventName": "gen_ai.client.inference.operation.details",
        "traceId": "a1",
        "spanId": "b1",
        "attributes": pairs({**CHAT, "gen_ai.input.messages": "hello"}),
    }
    bench.lines("logs.jsonl", [{"resourceLogs": [{"scopeLogs": [{"logRecords": [record]}]}]}])
    bench.lines("traces.jsonl", [export(span(OWNED))])
    assert [(row["request_id"], row["account_id"]) for row in bench.read(bench.folder)] == [
        ("a1:b1", "u1")
    ] * 2


def test_the_field_that_an_edge_log_joins_on(bench: Bench) -> None:
    bench.settings = IngestSettings(request_id_field="http.request.header.x-request-id")
    bench.ingest_context = type(bench.ingest_context)(bench.settings)
    known = {**OWNED, "http.request.header.x-request-id": ["r1"]}
    rows = bench.read(bench.lines("t.jsonl", [export(span(known)), export(span(OWNED, span_id="b2"))]))
    assert ids(rows) == ["a1:b2", "r1"]


@pytest.mark.parametrize("apart", [True, False])
def test_the_field_is_looked_up_on_the_spans_around_a_call(bench: Bench, apart: bool) -> None:
    bench.settings = IngestSettings(request_id_field="http.request.header.x-request-id")
    bench.ingest_context = type(bench.ingest_context)(bench.settings)
    header = "http.request.header.x-request-id"
    spans = [
        span(OWNED, span_id="b1", parent="p1"),
        span({}, span_id="p1", parent="s1"),
        {**span({header: ["r1"]}, span_id="s1", parent="o1"), "kind": 2},
        {**span({header: ["outer"]}, span_id="o1"), "kind": 2},
        span(OWNED, span_id="c1", parent="s2"),
        {**span({}, span_id="s2", parent="o1"), "kind": 2},
    ]
    rows = bench.read(bench.lines("t.jsonl", [export(one) for one in spans] if apart else [export(*spans)]))
    assert ids(rows) == ["a1:c1", "r1"]


def test_ids_as_protobuf_writes_them(bench: Bench) -> None:
    asked = {**span(OWNED), "traceId": "AAAAAAAAAAAAAAAAAAAAAQ==", "spanId": "AAAAAAAAAAE="}
    (row,) = bench.read(bench.lines("t.jsonl", [export(asked)]))
    assert row["request_id"] == "0" * 31 + "1:" + "0" * 15 + "1"


def test_a_trace_of_very_many_spans_ends(bench: Bench) -> None:
    """Each names the one before as its parent."""
    calls: list[dict[str, Any]] = [
        span(OWNED, span_id=f"b{i}", parent=f"b{i + 1}", ms=(1_000 - i % 900, 1_000)) for i in range(3_000)
    ]
    bench.lines("t.jsonl", [export(*calls)])
    assert len(bench.read(bench.folder)) + sum(bench.quarantine.stepped.values()) == 3_000
    assert json.dumps(calls[:1])
