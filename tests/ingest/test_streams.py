"""Streams as logs keep them become the response that they amount to."""

from __future__ import annotations

import json
from time import process_time
from typing import Any

import pytest

from stillwatch.ingest.conversation import answer_of
from stillwatch.ingest.dialects import fill
from stillwatch.ingest.request import Request
from stillwatch.ingest.streams import put_together

CHAT: list[dict[str, Any]] = [
    {"id": "c", "model": "m", "choices": [{"index": 0, "delta": {"role": "assistant", "content": "Hel"}}]},
    {"choices": [{"index": 0, "delta": {"content": "lo", "reasoning_content": "hm"}}]},
    {
        "choices": [
            {
                "index": 0,
                "delta": {
                    "tool_calls": [{"index": 0, "id": "x", "function": {"name": "f", "arguments": '{"a"'}}]
                },
            }
        ]
    },
    {"choices": [{"index": 0, "delta": {"tool_calls": [{"index": 0, "function": {"arguments": ":1}"}}]}}]},
    {"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]},
    {"choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 4}},
]
RESPONSES: list[dict[str, Any]] = [
    {"type": "response.created", "response": {"id": "r", "model": "m", "status": "in_progress"}},
    {"type": "response.output_text.delta", "output_index": 0, "delta": "Hel"},
    {"type": "response.output_text.delta", "output_index": 0, "delta": "lo"},
]
ANTHROPIC: list[dict[str, Any]] = [
    {
        "type": "message_start",
        "message": {
            "id": "msg",
            "model": "m",
            "usage": {"input_tokens": 9, "cache_read_input_tokens": 90, "output_tokens": 1},
        },
    },
    {"type": "content_block_start", "index": 0, "content_block": {"type": "thinking", "thinking": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "hm"}},
    {
        "type": "content_block_delta",
        "index": 0,
        "delta": {"type": "signature_delta", "signature": "ErUBCkYIabcdefghijkl"},
    },
    {"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "Hel"}},
    {"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "lo"}},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 4}},
]
GEMINI: list[dict[str, Any]] = [
    {"candidates": [{"content": {"role": "model", "parts": [{"text": "hm", "thought": True}]}}]},
    {"candidates": [{"content": {"parts": [{"text": "Hel"}]}}], "modelVersion": "m"},
    {
        "candidates": [{"content": {"parts": [{"text": "lo"}]}, "finishReason": "STOP"}],
        "usageMetadata": {"promptTokenCount": 9, "candidatesTokenCount": 3, "thoughtsTokenCount": 1},
    },
]
CONVERSE: list[dict[str, Any]] = [
    {"messageStart": {"role": "assistant"}},
    {"contentBlockDelta": {"contentBlockIndex": 0, "delta": {"text": "Hel"}}},
    {"contentBlockDelta": {"contentBlockIndex": 0, "delta": {"text": "lo"}}},
    {"messageStop": {"stopReason": "end_turn"}},
    {"metadata": {"usage": {"inputTokens": 4, "outputTokens": 4, "cacheReadInputTokens": 5}}},
]


def read(answer: Any) -> Request:
    """A request with this answer."""
    return fill(Request(), {"messages": [{"role": "user", "content": "hi"}]}, answer)


def sent(events: list[dict[str, Any]], end: str = "\n") -> str:
    """Server-sent events, with comments."""
    return f": hello{end}{end}" + "".join(f"data: {json.dumps(event)}{end}{end}" for event in events)


@pytest.mark.parametrize(
    ("events", "asked"),
    [(CHAT, 9), (ANTHROPIC, 99), (GEMINI, 9), (CONVERSE, 9)],
    ids=["chat", "anthropic", "gemini", "converse"],
)
def test_every_api_in_every_form(events: list[dict[str, Any]], asked: int) -> None:
    for form in (
        events,
        sent(events) + "data: [DONE]\n\n",
        sent(events, "\r\n"),
        sent(events) + 'data: {"cut',
        "\n".join(map(json.dumps, events)),
    ):
        request = read(form)
        assert (request.answer or "").partition("\n")[0] == "Hello"
        assert (request.input_tokens, request.output_tokens) == (asked, 4)


def test_parts_of_a_stream_are_kept() -> None:
    chat = read(CHAT)
    assert (chat.answer, chat.model, chat.reasoning_chars) == ('Hello\n[call f] {"a":1}', "m", 2)
    said = read(ANTHROPIC)
    assert (said.cached_tokens, said.signed, said.reasoning_chars) == (90, ["ErUBCkYIabcdefghijkl"], 2)


def test_a_response_is_whole_or_put_together() -> None:
    whole = {
        "id": "r",
        "status": "completed",
        "output": [{"type": "message", "content": [{"type": "output_text", "text": "All"}]}],
    }
    assert read([*RESPONSES, {"type": "response.completed", "response": whole}]).answer == "All"
    assert read(RESPONSES).answer == "Hello"


def test_a_text_is_no_stream() -> None:
    for text in ("data: I like it", "{not json}\n{x}", "hello"):
        assert put_together(text) == text


CHUNK = 'data: {"choices": [{"delta": {"content": "%s"}}]}'


@pytest.mark.parametrize(
    "words",
    [
        'data: {"choices": []}\n\nreal words',
        'data: {"choices": []}\n\ndata: real words',
        "event: message_start\ndata: real words\n\ndata: more",
        'data: {"choices": []}',
        CHUNK % "x" + "\n\nreal words",
        '{"choices": [{"delta": {"content": "x"}}]}\nreal words\n{"choices": []}',
        "data: a table of words\nevent: a meeting",
    ],
)
def test_words_that_begin_like_a_stream_stay(words: str) -> None:
    assert answer_of(words) == words


@pytest.mark.parametrize(
    "cut", ["", "\n\nda", '\n\ndata: {"cho', "\n\ndata: [DONE]\n\n", "\n\n: ping\n\nid: 7\n\n"]
)
def test_a_stream_may_be_cut_or_hold_signs_of_the_server(cut: str) -> None:
    assert answer_of(f"{CHUNK % 'a '}\n\n{CHUNK % 'reef'}{cut}") == "a reef"


def test_an_event_in_very_many_lines_takes_no_time_for_each() -> None:
    words = 'data: {"a": [' + "\ndata: {}," * 20_000
    began = process_time()
    assert put_together(words) == words
    assert process_time() - began < 5
