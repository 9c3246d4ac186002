"""One request's sketch from Python is what detect writes for the same request."""

from __future__ import annotations

import json
import threading
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

import stillwatch
from stillwatch.simulate.make import Order, make

PUBLIC = stillwatch.HashKey.public()
BODY: dict[str, Any] = {
    "model": "wren-1",
    "messages": [
        {"role": "system", "content": "Grade the answer from 1 to 10."},
        {"role": "user", "content": [{"type": "text", "text": "Why do herons stand still?"}]},
    ],
    "temperature": 0.5,
    "tools": [{"type": "function", "function": {"name": "look"}}],
    "user": "u-1",
}
ANSWER = {"id": "r1", "choices": [{"message": {"role": "assistant", "content": "They wait for fish."}}]}


@pytest.fixture(scope="module")
def sketcher() -> stillwatch.Sketcher:
    return stillwatch.Sketcher(key=PUBLIC)


def plain(found: stillwatch.Sketch) -> dict[str, Any]:
    values = {field.name: getattr(found, field.name) for field in fields(found)}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}


@pytest.mark.parametrize("form", ["openai_jsonl", "anthropic_messages_jsonl"])
def test_the_sketch_of_a_line_is_what_detect_writes(
    hamlet_file: Path, tmp_path: Path, sketcher: stillwatch.Sketcher, form: str
) -> None:
    make(Order(str(hamlet_file), tmp_path / "world", scale=0.2, seed=4, format=form))
    run = stillwatch.detect(tmp_path / "world" / "logs", key=PUBLIC, report=False)
    written = {row["request_id"]: row for row in run.exchanges.rows()}
    lines = [
        json.loads(line)
        for path in sorted((tmp_path / "world" / "logs").rglob("*.jsonl"))
        for line in path.read_text(encoding="utf-8").splitlines()
    ]
    assert len(lines) == len(written) > 300
    for line in lines:
        found = plain(sketcher.sketch(line))
        row = next(kept for kept in written.values() if kept["request"] == found["request"])
        assert found == {name: row[name] for name in found}


def test_a_body_gives_what_a_line_around_it_gives(sketcher: stillwatch.Sketcher) -> None:
    line = {"request": BODY, "response": ANSWER, "account_id": "a", "time": "2026-03-02T10:00:00Z"}
    alone, around = plain(sketcher.sketch(BODY, ANSWER)), plain(sketcher.sketch(line))
    assert {name for name in alone if alone[name] != around[name]} == {"account"}
    assert around["account"] is not None
    for name in ("prompt", "system", "tools", "parameters", "end_user", "leaves", "semantic", "request"):
        assert alone[name] is not None, name
    assert stillwatch.Flag.AGENTIC in (sketcher.sketch(BODY).flags or stillwatch.Flag(0))


def test_an_anthropic_body_is_known_by_its_marks(sketcher: stillwatch.Sketcher) -> None:
    body = {
        "model": "claude-x",
        "system": "Grade the answer from 1 to 10.",
        "messages": BODY["messages"][1:],
        "metadata": {"user_id": "u-1"},
    }
    ours, theirs = sketcher.sketch(body), sketcher.sketch(BODY)
    assert (ours.system, ours.prompt, ours.end_user) == (theirs.system, theirs.prompt, theirs.end_user)


def test_an_answer_is_text_or_a_body_and_may_be_missing(sketcher: stillwatch.Sketcher) -> None:
    whole = sketcher.sketch(BODY, ANSWER)
    assert sketcher.sketch(BODY, "They wait for fish.").leaves == whole.leaves
    without = sketcher.sketch(BODY)
    assert (without.leaves, without.answer_chars, without.refused) == (None, None, None)
    assert without.shingles == whole.shingles


CHUNKS: list[dict[str, Any]] = [
    {"id": "r1", "choices": [{"index": 0, "delta": {"role": "assistant", "content": "They wait"}}]},
    {"id": "r1", "choices": [{"index": 0, "delta": {"content": " for fish."}, "finish_reason": "stop"}]},
]
MESSAGE: list[dict[str, Any]] = [
    {"type": "message_start", "message": {"id": "r1", "role": "assistant", "content": []}},
    {
        "type": "content_block_delta",
        "index": 0,
        "delta": {"type": "text_delta", "text": "They wait for fish."},
    },
    {"type": "message_stop"},
]
RESPONSE: list[dict[str, Any]] = [
    {"type": "response.created", "response": {"id": "r1", "status": "in_progress"}},
    {"type": "response.output_text.delta", "output_index": 0, "delta": "They wait for fish."},
]


@pytest.mark.parametrize("events", [CHUNKS, MESSAGE, RESPONSE], ids=["chat", "anthropic", "responses"])
def test_a_stream_gives_what_the_whole_answer_gives(
    sketcher: stillwatch.Sketcher, events: list[dict[str, Any]]
) -> None:
    body = {name: value for name, value in BODY.items() if name != "user"}
    whole = sketcher.sketch(body, ANSWER)
    assert whole.leaves is not None
    sent = "".join(f"data: {json.dumps(event)}\n\n" for event in events) + "data: [DONE]\n\n"
    line = {"request": body, "account_id": "a", "time": "2026-03-02T10:00:00Z"}
    around = sketcher.sketch({**line, "response": ANSWER})
    for form in (events, sent, sent.replace("\n", "\r\n"), "\n".join(map(json.dumps, events))):
        assert sketcher.sketch(body, form) == whole
        assert sketcher.sketch({**line, "response": form}) == around
    assert sketcher.read(line | {"response": sent}).request_id == "r1"


def test_an_answer_in_json_is_an_answer(sketcher: stillwatch.Sketcher) -> None:
    said = '{"bird": "heron", "why": "They wait for fish."}'
    whole = {"choices": [{"message": {"role": "assistant", "content": said}}]}
    ours, theirs = sketcher.sketch(BODY, said), sketcher.sketch(BODY, whole)
    assert ours.leaves is not None
    assert (ours.leaves, ours.answer_chars, ours.refused) == (
        theirs.leaves,
        theirs.answer_chars,
        theirs.refused,
    )


def test_a_request_record_is_taken_too(sketcher: stillwatch.Sketcher) -> None:
    record = stillwatch.Request(
        messages=[("user", "Why do herons stand still?")],
        address="203.0.113.7:8080",
        user_agent="",
        answer="",
    )
    found = sketcher.sketch(record)
    assert found.prompt == sketcher.sketch(BODY).prompt
    assert (found.client, found.answer_chars) == (None, None)
    assert found.address == sketcher.sketch(stillwatch.Request(address="203.0.113.7")).address
    assert sketcher.sketch(record, ANSWER).leaves is not None


def test_several_at_once_keep_their_order(sketcher: stillwatch.Sketcher) -> None:
    assert sketcher.sketch_many([BODY, (BODY, ANSWER)]) == [
        sketcher.sketch(BODY),
        sketcher.sketch(BODY, ANSWER),
    ]


def test_a_key_file_makes_pseudonyms_as_detect_does(tmp_path: Path, small_log: Path) -> None:
    secret = tmp_path / "key"
    secret.write_text("a secret of more than sixteen bytes\n", encoding="ascii")
    run = stillwatch.detect(small_log, key=secret, report=False)
    line = json.loads(small_log.read_text(encoding="utf-8").splitlines()[0])
    found = stillwatch.Sketcher(key=secret).sketch(line)
    (row,) = (row for row in run.exchanges.rows() if row["request_id"] == line["request_id"])
    assert (found.account, found.prompt, found.request) == (row["account"], row["prompt"], row["request"])


def test_the_function_uses_your_own_key_and_keeps_its_sketcher() -> None:
    found: list[stillwatch.Sketch] = []
    threads = [threading.Thread(target=lambda: found.append(stillwatch.sketch(BODY))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [stillwatch.Sketcher().sketch(BODY)] * 4


@pytest.mark.parametrize(
    "wrong",
    [
        {"messages": 7},
        {"messages": [None]},  # numbers would be tokens, which are no words
        {"request": {"messages": 7}, "time": 1},
        ["no", "mapping"],
    ],
)
def test_what_is_no_request_is_told(sketcher: stillwatch.Sketcher, wrong: Any) -> None:
    with pytest.raises(stillwatch.StillwatchError, match="the request cannot be read"):
        sketcher.sketch(wrong)
