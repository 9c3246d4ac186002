"""Messages, items and parts of other APIs get the right role and text."""

from __future__ import annotations

from typing import Any

import pytest

from stillwatch.ingest.conversation import answer_of, messages_of
from stillwatch.ingest.status import answer_status, fault_status

HUMAN = {"lc": 1, "type": "constructor", "id": ["langchain", "HumanMessage"], "kwargs": {"content": "hi"}}


@pytest.mark.parametrize(
    ("given", "right"),
    [
        ([[HUMAN]], [("user", "hi")]),
        (
            [{"type": "ai", "content": "", "tool_calls": [{"name": "f", "args": {"q": 1}}]}],
            [("assistant", '[call f] {"q":1}')],
        ),
        ([{"type": "tool", "content": "4"}], [("tool", "4")]),
        (
            [{"type": "custom_tool_call", "name": "patch", "input": "diff"}],
            [("assistant", "[call patch] diff")],
        ),
        ([{"type": "custom_tool_call_output", "output": "done"}], [("tool", "done")]),
        (
            [{"role": "user", "parts": [{"inlineData": {"mimeType": "image/png", "data": "aGk="}}]}],
            [("user", "[image]")],
        ),
        ([{"role": "user", "content": [{"toolResult": {"content": [{"text": "4"}]}}]}], [("tool", "4")]),
        ([1, 2, 3], None),
        ([[1, 2], [3]], None),
        ("[{'role': 'user', 'content': \"it's\"}]", [("user", "it's")]),
        ("[{'role': 'user', 'content': cut", None),
    ],
)
def test_messages(given: Any, right: Any) -> None:
    assert messages_of(given) == right


def test_refusals_and_transcripts_are_answers() -> None:
    assert answer_of({"choices": [{"message": {"content": None, "refusal": "No."}}]}) == "No."
    assert answer_of({"choices": [{"message": {"content": None, "audio": {"transcript": "Yes."}}}]}) == "Yes."
    assert answer_of({"results": [{"outputText": "Titan"}]}) == "Titan"
    assert answer_of({"generation": "Llama"}) == "Llama"


def test_statuses() -> None:
    assert [fault_status({"code": "rate_limit_exceeded"}), fault_status({"type": "overloaded_error"})] == [
        429,
        529,
    ]
    assert [
        answer_status({"status": "incomplete"}),
        answer_status({"status": "failed"}),
        answer_status({}),
    ] == [200, 500, None]
