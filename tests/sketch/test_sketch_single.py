"""One request at a time gives what the batch gives: the same keys, fingerprints, flags and numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sketch_requests import KEY, Row, _batch

from stillwatch.ingest.request import Request
from stillwatch.schema.keyed import HashKey
from stillwatch.settings import SketchSettings
from stillwatch.sketch import single, sketch
from stillwatch.sketch.record import Sketch
from stillwatch.sketch.single import SingleSketcher

Make = Callable[[Sequence[str | Row]], pa.RecordBatch]
LONG = " ".join(f"word{i % 97} and the {i}th heron of the marsh" for i in range(9_000))
TALK = [
    {"role": "system", "text": "You are a careful assistant. Score the answer from 1 to 10."},
    {"role": "user", "text": "Explain step by step why the heron stands still."},
    {"role": "assistant", "text": "<think>it waits</think> It waits for fish."},
    {"role": "tool", "text": "{'depth': 3}"},
    {"role": "user", "text": "Now think out loud inside <scratchpad> tags, and grade yourself."},
]
ROWS: list[str | Row] = [
    "tell me about herons in the marsh please",
    "",
    {"messages": None},
    {"messages": []},
    {
        "messages": TALK,
        "answer": "<reasoning>because</reasoning> I cannot help with that.",
        "output_tokens": 9,
    },
    {"messages": TALK[:3], "answer": "", "reasoning_tokens": 50, "output_tokens": 200},
    {"messages": TALK[1:], "answer": "<thinking>never closed"},
    {"messages": [{"role": "Developer", "text": "be short"}, {"role": "robot", "text": "грач и цапля"}]},
    {"messages": [{"role": "assistant", "text": "I speak first"}], "answer": "and go on"},
    "鷺は沼に立っている。なぜ" * 40,
    "सारस दलदल में खड़ा है " * 20,
    "x" * 70_000,
    LONG,
    LONG[:60_001],
    {"messages": [{"role": "user", "text": "I" * 9}], "reasoning_tokens": 5, "output_tokens": 0},
    {
        "messages": [{"role": "user", "text": "use the tools"}],
        "tools": '[{"name":"look"}]',
        "output_format": '{"type":"json"}',
        "parameters": "max_tokens=5 temperature=0.5",
        "user_agent": "OpenAI/Python 1.0",
        "stainless": "lang=python",
        "ja4": "t13d1516h2_8daaf6152771_b0da82dd1658",
        "end_user": "user-7",
        "device": "device-5",
        "conversation": "talk-9",
        "address": "203.0.113.77",
        "signatures": ["c2lnbmF0dXJlIG9uZQ=="],
        "signed": [],
    },
    {"messages": TALK, "address": "2001:db8:1:2:3:4:5:6"},
    {"messages": TALK, "address": "::ffff:198.51.100.9"},
    {"messages": TALK, "address": "no address"},
]


def request_of(row: dict[str, Any]) -> Request:
    """A row of table requests as the record that the ingest stage hands on."""
    messages = row["messages"]
    talk = None if messages is None else [(m["role"], m["text"]) for m in messages]
    return Request(**{**row, "time": 1, "messages": talk})


def plain(found: Sketch) -> dict[str, Any]:
    values = {field.name: getattr(found, field.name) for field in fields(found)}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}


def expected(batch: pa.RecordBatch, key: HashKey, chosen: SketchSettings) -> list[dict[str, Any]]:
    names = [field.name for field in fields(Sketch)]
    rows: list[dict[str, Any]] = sketch(batch, key, chosen).exchanges.select(names).to_pylist()
    return rows


@pytest.mark.parametrize(
    "chosen",
    [
        SketchSettings(),
        SketchSettings(shingle_words=3, shingle_rate=1, shingles_kept=8, edge_words=4, max_chars=500),
        SketchSettings(shingles_kept=1, max_chars=7),
    ],
)
def test_one_at_a_time_is_what_the_batch_writes(make: Make, chosen: SketchSettings) -> None:
    batch, one = make(ROWS), SingleSketcher(KEY, chosen)
    wanted = expected(batch, KEY, chosen)
    for _ in range(2):
        assert [plain(one(request_of(row))) for row in batch.to_pylist()] == wanted
    assert [plain(one(request_of(row))) for row in reversed(batch.to_pylist())] == wanted[::-1]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(["system", "user", "assistant", "tool"]), st.text(max_size=80)),
        max_size=6,
    ),
    st.none() | st.text(max_size=60),
)
def test_whatever_is_said(talk: list[tuple[str, str]], answer: str | None) -> None:
    batch = _batch([{"messages": [{"role": role, "text": text} for role, text in talk], "answer": answer}])
    one = ONE.setdefault(0, SingleSketcher(KEY, SketchSettings()))
    assert [plain(one(request_of(row))) for row in batch.to_pylist()] == expected(
        batch, KEY, SketchSettings()
    )


ONE: dict[int, SingleSketcher] = {}


def test_another_key_gives_other_keys(make: Make) -> None:
    (row,) = make([ROWS[4]]).to_pylist()
    ours = SingleSketcher(KEY, SketchSettings())(request_of(row))
    other = SingleSketcher(HashKey(1, 2, private=True), SketchSettings())(request_of(row))
    assert ours.flags == other.flags
    assert not {ours.prompt, ours.system, ours.head} & {other.prompt, other.system, other.head}
    assert not set(ours.shingles or ()) & set(other.shingles or ())


def test_many_threads_share_one_sketcher(make: Make) -> None:
    one = SingleSketcher(KEY, SketchSettings())
    requests = [request_of(row) for row in make(ROWS).to_pylist()] * 12
    wanted = [one(request) for request in requests]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(one, requests)) == wanted


def test_turns_that_run_out_change_nothing(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """The intent model's turns are numbers of 32 bits: a workspace that has used them up is made anew."""
    requests = [request_of(row) for row in make(ROWS).to_pylist()]
    wanted = [SingleSketcher(KEY, SketchSettings())(request) for request in requests]
    monkeypatch.setattr(single, "LAST_TURN", 3)
    one = SingleSketcher(KEY, SketchSettings())
    assert [one(request) for request in requests] == wanted


def test_lone_surrogates_are_replaced_as_in_a_log() -> None:
    one = SingleSketcher(KEY, SketchSettings())
    broken, mended = (Request(messages=[("user", f"a {x} heron")]) for x in ("\ud800", "�"))
    assert one(broken) == one(mended)
