"""Requests that ask nothing are told by their form and by the length of the answer; pings and questions are not."""

from __future__ import annotations

from typing import Any

import pytest
from sketch_requests import KEY, Row, Sketcher, _batch

from stillwatch.ingest.request import Request
from stillwatch.schema.flags import HARVEST, Flag
from stillwatch.settings import SketchSettings
from stillwatch.sketch.single import SingleSketcher

QUESTION = "How do herons find their way back to the marsh after a winter in the south of the country?"
LONG = f"{QUESTION} " * 4
EMPTY = "Your message seems to be empty. What can I help you with today? Ask me anything that you like."
SIGNS = (
    "<|im_start|>user\n",
    "<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\n",
    "<bos><start_of_turn>user\n",
    "<s> [INST] ",
    "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n<|im_start|>user\n",
    "<|im_start|>user\nhello<|im_end|>\n<|im_start|>assistant\nHello!<|im_end|>\n<|im_start|>user\n",
)
WORDS = ("", "  \n", "User:", "Q:", "### Human", "[user]", "<start of message>", "A customer asks:", "1:")
ASKING = (
    "hi",
    "next",
    "start",
    "Question",
    "What is an urn?",
    "Translate to French:",
    "def add(a, b):",
    "Photosynthesis:",
    "# Herons",
    "[weather in the marsh]",
    "<|im_start|>user\nTell me of herons.<|im_end|>\n<|im_start|>assistant\n",
    "Write the next turn of this talk, please. User: hello. Assistant:",
)


def request(text: str, answer: str | None = None, **more: Any) -> Row:
    return {"messages": [{"role": "user", "text": text}], "answer": answer, **more}


def told(rows_of: Sketcher, *rows: Row) -> list[bool]:
    return [bool(Flag(row["flags"]) & Flag.SELF_ELICITED) for row in rows_of(list(rows))]


@pytest.mark.parametrize("text", SIGNS)
def test_a_prefix_of_a_template_that_gets_an_instruction(text: str, rows_of: Sketcher) -> None:
    assert told(rows_of, request(text, QUESTION), request(text, "Hello! How can I help you?")) == [
        True,
        False,
    ]


@pytest.mark.parametrize("text", WORDS)
def test_an_empty_turn_counts_only_with_a_long_answer(text: str, rows_of: Sketcher) -> None:
    assert told(rows_of, request(text, LONG), request(text, EMPTY)) == [True, False]


@pytest.mark.parametrize("text", ASKING)
def test_what_asks_is_not_counted(text: str, rows_of: Sketcher) -> None:
    assert told(rows_of, request(text, LONG * 5)) == [False]


def test_tokens_stand_for_an_answer_that_is_not_logged(rows_of: Sketcher) -> None:
    given = [
        request("User:", output_tokens=400),
        request("User:", output_tokens=400, reasoning_tokens=390),
        request("User:", output_tokens=20),
        request("User:"),
    ]
    assert told(rows_of, *given) == [True, False, False, False]


def test_a_turn_that_goes_on_or_has_tools_or_a_long_system_prompt_asks(rows_of: Sketcher) -> None:
    talk = [
        {"role": "user", "text": "hello"},
        {"role": "assistant", "text": "hi"},
        {"role": "user", "text": ""},
    ]

    def with_system(words: int) -> Row:
        system = {"role": "system", "text": "word " * words}
        return {"messages": [system, {"role": "user", "text": ""}], "answer": LONG}

    tools = request("", LONG, tools='[{"name": "look"}]')
    assert told(rows_of, {"messages": talk, "answer": LONG}, tools, with_system(300)) == [False] * 3
    assert told(rows_of, with_system(20)) == [True]


def test_it_counts_as_harvest_like() -> None:
    assert HARVEST & Flag.SELF_ELICITED
    assert not HARVEST & Flag.STEPS


def test_one_request_at_a_time_tells_the_same(rows_of: Sketcher) -> None:
    given = [request(text, answer) for text in (*SIGNS, *WORDS, *ASKING) for answer in (LONG, EMPTY, None)]
    one = SingleSketcher(KEY, SketchSettings())
    single = []
    for row in _batch(given).to_pylist():
        talk = [(message["role"], message["text"]) for message in row["messages"]]
        found = one(Request(**{**row, "time": 1, "messages": talk}))
        single.append(int(found.flags or 0))
    assert single == [row["flags"] for row in rows_of(given)]
