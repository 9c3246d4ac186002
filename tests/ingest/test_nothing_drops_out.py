"""Whatever a client sends, its request stays in the analysis: the field is cut or left out, and counted."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ingest_bench import Bench

from stillwatch.ingest import IngestContext
from stillwatch.ingest.cut import DEEPEST, Cutter, shallow
from stillwatch.settings import IngestSettings

Row = dict[str, Any]
DEEP = "[" * 300 + "]" * 300
DEEPER = '{"a":' * 5_000 + "1" + "}" * 5_000


def line(body: str = "", **changes: Any) -> str:
    """One line; `body` is put into the request's body as it is."""
    row = {
        "request_id": "r",
        "time": "2026-02-01T10:00:00Z",
        "account": "a",
        "body": {"model": "m"},
    } | changes
    text = json.dumps(row)
    return text.replace('"model": "m"', f'"model": "m", {body}') if body else text


ASKED = '"messages": [{"role": "user", "content": "tell me of herons"}]'
TRICKS = {
    "tools nested deeply": ASKED + f', "tools": {DEEP}',
    "tools nested too deeply to parse": ASKED + f', "tools": {DEEPER}',
    "tools are text": ASKED + ', "tools": "none"',
    "numbers": ASKED + f', "seed": {"9" * 5000}, "temperature": 1e999, "top_p": NaN, "n": -Infinity',
    "keys twice": ASKED + ', "user": "a", "user": "b"',
    "surrogates": ASKED.replace("herons", "herons \\ud800"),
    "control characters": ASKED.replace("herons", "herons \\u0000 \x07"),
    "a kind that is a list": ASKED[:-1] + ', {"role": "user", "content": [{"type": [], "text": "x"}]}]',
    "a number among messages": ASKED[:-1] + ", 17, null, [[]]]",
    "dates": ASKED + ', "metadata": {"created": "yesterday", "user_id": 1e400}',
    "format": ASKED + f', "response_format": {DEEP}, "thinking": {DEEP}, "reasoning": 7, "metadata": []',
}


@pytest.mark.parametrize("body", TRICKS.values(), ids=TRICKS.keys())
def test_a_trick_in_the_body_costs_no_row_and_no_word(bench: Bench, body: str) -> None:
    rows = bench.read(bench.write("log.jsonl", line(ASKED) + "\n" + line(body) + "\n"), "openai_jsonl")
    assert len(rows) == 2
    assert "tell me of herons" in rows[1]["messages"][0]["text"]
    assert rows[1]["model"] == "m"
    assert bench.quarantine.bad == 0


MODELS = {"object": '{"a": 1}', "list": "[1]", "long": '"' + "m" * 10_000_000 + '"', "number": "1e400"}


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS.keys())
def test_an_unreadable_model_costs_no_row(bench: Bench, model: str) -> None:
    text = line(ASKED).replace('"model": "m"', f'"model": {model}')
    (row,) = bench.read(bench.write("log.jsonl", text), "openai_jsonl")
    assert row["messages"][0]["text"] == "tell me of herons"


@pytest.mark.parametrize("value", ["17", "true", "{}", '{"a": [1]}', '"[{not json"', "[[1]]"])
def test_words_of_any_type_cost_no_row(bench: Bench, value: str) -> None:
    rows = bench.read(bench.write("log.jsonl", line(f'"messages": {value}')), "openai_jsonl")
    assert [row["account_id"] for row in rows] == ["a"]


def test_bytes_that_are_no_utf8_are_replaced_and_counted(bench: Bench) -> None:
    data = line(ASKED).encode().replace(b"herons", b"herons \xff\xfe")
    (row,) = bench.read(bench.write("log.jsonl", data + b"\n"), "openai_jsonl")
    assert row["messages"][0]["text"] == "tell me of herons \ufffd\ufffd"
    assert bench.quarantine.mended["(row)", "not valid UTF-8: the bytes at fault are replaced"] == 1


def test_equal_tools_stay_equal_where_they_are_cut(bench: Bench) -> None:
    text = line(ASKED + f', "tools": {DEEP}')
    rows = bench.read(bench.write("log.jsonl", text + "\n" + text), "openai_jsonl")
    assert rows[0]["tools"] == rows[1]["tools"] is not None
    assert any(column == "tools" for column, _ in bench.quarantine.mended)


@pytest.mark.parametrize("name", ["log.jsonl", "log.json"])
def test_a_row_too_long_keeps_its_short_fields(bench: Bench, name: str) -> None:
    bench.settings = IngestSettings(max_row_bytes=40_000)
    bench.ingest_context = IngestContext(bench.settings)
    many = [{"role": "user", "content": f"question {i}"} for i in range(20_000)]
    rows: list[Row] = []
    for i, said in enumerate(([{"role": "user", "content": "word " * 400_000}], many)):
        rows.append({"body": {"messages": said, "model": "m"}, "request_id": f"r{i}", "account": "a"})
        rows[-1]["time"] = "2026-02-01T10:00:00Z"
    content = b"\n".join(map(orjson.dumps, rows)) if name == "log.jsonl" else orjson.dumps(rows)
    found = bench.read(bench.write(name, content), "openai_jsonl")
    assert [(row["request_id"], row["model"]) for row in found] == [("r0", "m"), ("r1", "m")]
    assert found[0]["messages"][0]["text"].startswith("word word")
    assert found[1]["messages"][0]["text"] == "question 0"
    assert bench.quarantine.bad == 0
    assert bench.quarantine.mended.total() == 2


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=40,
)


@settings(deadline=None)  # the first call compiles
@given(st.dictionaries(st.text(), values), st.integers(1, 7))
def test_what_fits_is_not_cut(value: Row, step: int) -> None:
    data = orjson.dumps(value) if all_small(value) else json.dumps(value).encode()
    cutter = Cutter(1 << 30)
    cutter.add(data[start : start + step] for start in range(0, len(data), step))
    assert cutter.take() == data == shallow(data)


def all_small(value: Any) -> bool:
    try:
        orjson.dumps(value)
    except TypeError:
        return False
    return True


@settings(deadline=None)  # the first call compiles
@given(values, st.integers(64, 4_000), st.integers(1, 64))
def test_what_is_cut_is_json(value: Any, longest: int, step: int) -> None:
    data = json.dumps({"a": {"b": [value] * 20, "c": value}, "d": value}, ensure_ascii=False).encode()
    cutter = Cutter(longest)
    cutter.add(data[start : start + step] for start in range(0, len(data), step))
    cut = cutter.take()
    assert cut is None or isinstance(json.loads(cut.decode("utf-8", "strict")), dict)


@pytest.mark.parametrize("deep", [DEEPEST - 2, DEEPEST, 300, 5_000])
@pytest.mark.parametrize("of", ["[%s]", '{"a":%s}', '[1,"]",%s,{"b":"["}]'])
def test_depth_is_cut_and_brackets_stay_balanced(deep: int, of: str) -> None:
    before, after = of.split("%s")
    text = '{"x":' + before * deep + "7" + after * deep + ',"time":1}'
    found = json.loads(shallow(text.encode()))
    assert found["time"] == 1
    assert ("7" in json.dumps(found["x"])) == (deep < DEEPEST)


def test_a_field_of_a_shape_unknown_is_left_out_of_the_row(
    bench: Bench, spend_row: Callable[..., Row], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A format that forgets a shape still loses the field only."""
    from stillwatch.ingest.formats import litellm_spend_logs

    def fault(status: Any, _meta: Row) -> int | None:
        return int(status["code"]) if isinstance(status, dict) else 200

    monkeypatch.setattr(litellm_spend_logs, "status_of", fault)
    rows = [spend_row(0), spend_row(1, status={"reason": "?"})]
    found = bench.read(bench.lines("log.jsonl", rows))
    assert [(row["request_id"], row["status"]) for row in found] == [("r0", 200), ("r1", 200)]
    assert bench.quarantine.mended.total() == 1
