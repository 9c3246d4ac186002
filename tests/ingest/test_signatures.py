"""Reasoning signatures, out of every shape that clients and APIs put them in; and text of reasoning, counted
and left behind.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ingest_bench import Bench
from signature_shapes import ALL, DECOY, SENT, SIGNED, THOUGHT, A, B, C, D, Row

from stillwatch.ingest.conversation import answer_of, messages_of
from stillwatch.ingest.signatures import KEPT, LONGEST, PLACEHOLDERS, listed, signatures_of
from stillwatch.ingest.thoughts import thought_chars


@pytest.mark.parametrize("name", list(ALL))
def test_every_shape_gives_its_signatures_and_no_tool_s_words(name: str) -> None:
    given, answer = ALL[name]
    assert signatures_of(given) == SENT[name]
    assert signatures_of(answer) == SIGNED[name]
    assert signatures_of(json.dumps(given)) == SENT[name]
    assert thought_chars(answer) == len(THOUGHT)
    assert "long ago" not in json.dumps(messages_of(given))
    words = answer_of(answer)
    assert words is not None
    assert "done" in words
    assert THOUGHT not in words


WHO: Row = {"request_id": "q1", "time": "2026-02-01T10:00:00Z", "account_id": "a1"}


def checked(row: Row, name: str) -> None:
    """A request read from a log has what its shape holds."""
    assert (row["signatures"], row["signed"], row["reasoning_chars"]) == (
        SENT[name],
        SIGNED[name],
        len(THOUGHT),
    )
    assert row["answer"].startswith("done")
    assert row["messages"][0]["text"] == "hello"


@pytest.mark.parametrize("name", ["litellm", "openrouter", "gemini through others", "responses", "gemini"])
def test_openai_lines(bench: Bench, name: str) -> None:
    given, answer = ALL[name]
    body = {"model": "m", {"responses": "input", "gemini": "contents"}.get(name, "messages"): given}
    path = bench.lines("log.jsonl", [{**WHO, "request": body, "response": answer}])
    assert bench.format_of(path) == "openai_jsonl"
    (row,) = bench.read(path)
    checked(row, name)


def test_anthropic_lines_and_their_stream(bench: Bench) -> None:
    given, answer = ALL["anthropic"]
    body = {"model": "c", "messages": given, "thinking": {"type": "enabled"}}
    events = [
        {"type": "content_block_delta", "delta": delta}
        for delta in (
            {"type": "thinking_delta", "thinking": THOUGHT},
            {"type": "signature_delta", "signature": C},
        )
    ]
    path = bench.lines(
        "log.jsonl",
        [{**WHO, "request": body, "response": answer}, {**WHO, "request": body, "response": events}],
    )
    row, streamed = bench.read(path, "anthropic_messages_jsonl")
    checked(row, "anthropic")
    assert (streamed["signed"], streamed["reasoning_chars"]) == ([C], len(THOUGHT))


@pytest.mark.parametrize("name", ["litellm", "openrouter", "gemini through others", "anthropic", "responses"])
def test_litellm_s_logs_in_rows_and_columns(bench: Bench, spend_row: Callable[..., Row], name: str) -> None:
    given, answer = ALL[name]
    plain = spend_row(1)
    row = spend_row(messages=json.dumps(given), response=json.dumps(answer))
    stored = spend_row(
        2,
        messages="{}",
        response=json.dumps(answer),
        proxy_server_request=json.dumps({"model": "m", "messages": given}),
    )
    broken = spend_row(
        3,
        messages=json.dumps([{"role": "user", "content": "hello", "thinking_blocks": 7}]),
        response='{"choices": [{"message": 1}]}',
    )
    table = pa.Table.from_pylist(
        [
            {**one, "proxy_server_request": one.get("proxy_server_request")}
            for one in (row, plain, stored, broken)
        ]
    )
    pq.write_table(table, bench.folder / "log.parquet")
    by_column = bench.read(bench.folder / "log.parquet", "litellm_spend_logs")
    by_row = bench.read(bench.lines("log.jsonl", [row, plain, stored, broken]), "litellm_spend_logs")
    assert by_column == by_row
    assert len(by_row) == 4
    checked(by_row[0], name)
    checked(by_row[2], name)
    assert all(
        (one["signatures"], one["signed"], one["reasoning_chars"]) == (None, None, None)
        for one in (by_row[1], by_row[3])
    )
    payload = {
        "id": "r",
        "trace_id": "t",
        "startTime": 1769940000.0,
        "metadata": {"user_api_key_user_id": "u"},
        "messages": given,
        "response": answer,
    }
    (found,) = bench.read(bench.lines("payload.jsonl", [payload]), "litellm_standard_payload")
    checked(found, name)


@pytest.mark.parametrize("name", ["litellm", "vercel", "anthropic", "bedrock", "gemini"])
def test_langfuse(bench: Bench, name: str) -> None:
    given, answer = ALL[name]
    observation = {
        "id": "o",
        "trace_id": "t",
        "type": "GENERATION",
        "start_time": "2026-02-01 10:00:00",
        "user_id": "u",
        "model": "m",
    }
    words: Row = {"input": {"messages": given}, "output": answer}
    texts = {key: json.dumps(value) for key, value in words.items()}
    for row in bench.read(bench.lines("log.jsonl", [observation | words, observation | texts])):
        checked(row, name)


@pytest.mark.parametrize("old", [False, True])
def test_opentelemetry(bench: Bench, old: bool) -> None:
    said = [
        {"role": "user", "parts": [{"type": "text", "content": "hello"}]},
        {
            "role": "assistant",
            "parts": [
                {"type": "reasoning", "content": "long ago", "signature": A},
                {"type": "thinking", "content": "x", "signature": B},
            ],
        },
        {
            "role": "tool",
            "parts": [{"type": "tool_call_response", "response": [{"thoughtSignature": DECOY}]}],
        },
    ]
    answered = [
        {
            "role": "assistant",
            "parts": [
                {"type": "reasoning", "content": THOUGHT, "signature": C},
                {"type": "text", "content": "done", "thought_signature": D},
            ],
        }
    ]
    attributes: Row = {"gen_ai.operation.name": "chat", "user.id": "u"}
    events: list[Row] = []
    if old:
        events = [
            {"name": "gen_ai.user.message", "attributes": {"content": "hello"}},
            {"name": "gen_ai.assistant.message", "attributes": {"gen_ai.event.content": json.dumps(said[1])}},
            {"name": "gen_ai.choice", "attributes": {"message": json.dumps(answered[0])}},
        ]
    else:
        attributes |= {
            "gen_ai.input.messages": json.dumps(said),
            "gen_ai.output.messages": json.dumps(answered),
        }
    span = {
        "traceId": "t",
        "spanId": "s",
        "startTimeUnixNano": "1769940000000000000",
        "attributes": attributes,
        "events": events,
    }
    (row,) = bench.read(bench.lines("log.jsonl", [span]))
    assert (row["signatures"], row["signed"], row["answer"]) == ([A, B], [C, D], "done")
    assert row["reasoning_chars"] == len(THOUGHT)


@pytest.mark.parametrize("kind", ["lines", "parquet", "texts"])
def test_the_generic_format_takes_columns_or_messages(bench: Bench, kind: str) -> None:
    given, answer = ALL["anthropic"]
    own = {
        "time": "2026-02-01T10:00:00Z",
        "account_id": "a",
        "signatures": [A, B, A, "short", None],
        "signed": [C],
        "reasoning_chars": 5,
        "prompt": "hello",
    }
    words: Row = {
        "time": "2026-02-01T10:00:01Z",
        "account_id": "a",
        "messages": json.dumps(given),
        "answer": json.dumps(answer),
    }
    if kind == "texts":
        own |= {"signatures": json.dumps(own["signatures"]), "signed": C}
    rows: list[Row] = [own, words]
    if kind == "lines":
        path = bench.lines("log.jsonl", rows)
    else:
        path = bench.folder / "log.parquet"
        names = sorted({name for row in rows for name in row})
        pq.write_table(pa.Table.from_pylist([{name: row.get(name) for name in names} for row in rows]), path)
    first, second = bench.read(path, "generic")
    assert (first["signatures"], first["signed"], first["reasoning_chars"]) == ([A, B], [C], 5)
    checked(second, "anthropic")


def test_a_mapping_may_name_where_they_are(bench: Bench) -> None:
    mapping = bench.write(
        "map.toml",
        '[columns]\ntime = "t"\naccount_id = "who"\nprompt = "q"\nsignatures = "sigs.sent"\nsigned = '
        '"sigs.got"\n',
    )
    path = bench.lines(
        "log.jsonl",
        [{"t": 1769940000, "who": "a", "q": "hello", "sigs": {"sent": [A], "got": json.dumps([B])}}],
    )
    (row,) = bench.read(path, mapping=mapping)
    assert (row["signatures"], row["signed"]) == ([A], [B])


def test_an_echo_of_the_history_is_not_newly_signed(bench: Bench) -> None:
    given, answer = ALL["litellm"]
    state = {"messages": [*given, answer["choices"][0]["message"]]}
    assert signatures_of(state, but=signatures_of(given)) == [C, D]


def test_placeholders_and_shapes_that_are_none_are_left_out() -> None:
    parts = [
        {"thoughtSignature": value}
        for value in (*PLACEHOLDERS, "sig", "", "two words and some more", None, 7, [3], {"a": DECOY})
    ]
    assert signatures_of([{"role": "model", "parts": parts}]) is None
    assert (
        signatures_of(
            [{"role": "user", "signature": DECOY, "data": DECOY, "encrypted_content": DECOY, "id": DECOY}]
        )
        is None
    )


def test_base64_and_its_url_form_are_one_signature() -> None:
    assert signatures_of({"thoughtSignature": "Ab+/" * 5 + "=="}) == signatures_of(
        {"thoughtSignature": "Ab-_" * 5}
    )


def test_long_and_many_signatures_are_held_within_limits() -> None:
    many = [{"thoughtSignature": f"{place:020d}"} for place in range(5_000)]
    kept = signatures_of([{"role": "model", "parts": many + many}])
    assert kept is not None
    assert len(kept) == KEPT
    assert (int(kept[0]), int(kept[-1])) == (0, 4_999)
    long = "Q" * (3 * LONGEST)
    assert listed([long, "P" * LONGEST + long]) == ["Q" * LONGEST]
    deep: Any = {"thoughtSignature": A}
    for _ in range(5_000):
        deep = {"content": [deep]}
    assert signatures_of(deep) is None
    assert thought_chars(deep) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.just(A),
    lambda inside: (
        st.lists(inside, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "type",
                    "role",
                    "content",
                    "parts",
                    "signature",
                    "data",
                    "thinking",
                    "thinking_blocks",
                    "id",
                    "tool_calls",
                    "reasoning",
                    "message",
                ]
            )
            | st.text(max_size=5),
            inside,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=200, deadline=None)
@given(value=JSON)
def test_no_shape_breaks_the_reading(value: Any) -> None:
    found = signatures_of(value)
    assert found is None or all(len(one) >= 16 for one in found)
    listed(value)
    chars = thought_chars(value)
    assert chars is None or chars > 0
