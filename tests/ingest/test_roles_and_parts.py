"""Messages, items and parts of other APIs get the right role and text."""

from __future__ import annotations

from typing import Any

import pytest

from stillwatch.ingest.conversation import answer_of, messages_of
from stillwatch.ingest.dialects import fill
from stillwatch.ingest.notes import take_notes
from stillwatch.ingest.request import Request
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
        (
            "[{'role': 'user', 'content': 'hi'}\n {'role': 'assistant', 'content': 'ho'}]",
            [("user", "hi"), ("assistant", "ho")],
        ),
        (
            "array([{'content': array([{'type': 'text', 'text': 'hi'}], dtype=object), 'role': 'user'}],\n"
            "      dtype=object)",
            [("user", "hi")],
        ),
        ("{'a': 1} is what Python shows, why?", [("user", "{'a': 1} is what Python shows, why?")]),
        ("{'a': 1}", [("user", "{'a': 1}")]),
        ('{"name": "reef"}', [("user", '{"name": "reef"}')]),
        ("['a' is missing", [("user", "['a' is missing")]),
        ("[{'a': object()}]", [("user", "[{'a': object()}]")]),
        (
            [
                {"role": "assistant", "content": [{"type": "tool-call", "toolName": "f", "input": {"q": 1}}]},
                {
                    "role": "tool",
                    "content": [
                        {
                            "type": "tool-result",
                            "toolName": "f",
                            "output": {"type": "json", "value": {"a": 4}},
                        }
                    ],
                },
                {"role": "tool", "content": [{"type": "tool-result", "toolName": "f", "result": "four"}]},
            ],
            [("assistant", '[call f] {"q":1}'), ("tool", '{"a":4}'), ("tool", "four")],
        ),
        (
            [
                {"role": "user", "content": "", "parts": [{"type": "text", "text": "hi"}]},
                {
                    "role": "assistant",
                    "parts": [
                        {"type": "step-start"},
                        {"type": "reasoning", "text": "hm"},
                        {
                            "type": "tool-weather",
                            "state": "output-available",
                            "input": {"q": 1},
                            "output": "4",
                        },
                        {"type": "file", "mediaType": "image/png", "url": "data:"},
                        {"type": "text", "text": "done"},
                    ],
                },
                {
                    "role": "assistant",
                    "content": "",
                    "parts": [
                        {
                            "type": "tool-invocation",
                            "toolInvocation": {"toolName": "g", "args": {"q": 2}, "result": {"b": 5}},
                        }
                    ],
                },
            ],
            [
                ("user", "hi"),
                ("assistant", '[call weather] {"q":1}'),
                ("tool", "4"),
                ("assistant", "[image]\ndone"),
                ("assistant", '[call g] {"q":2}'),
                ("tool", '{"b":5}'),
            ],
        ),
        (
            [
                {
                    "role": "assistant",
                    "content": [
                        {"type": "text", "text": "I look."},
                        {"type": "server_tool_use", "name": "web_search", "input": {"query": "q"}},
                        {
                            "type": "web_search_tool_result",
                            "content": [{"type": "web_search_result", "url": "u", "encrypted_content": "x"}],
                        },
                        {"type": "mcp_tool_use", "name": "m", "server_name": "s", "input": {}},
                        {"type": "mcp_tool_result", "content": [{"type": "text", "text": "found"}]},
                        {
                            "type": "bash_code_execution_tool_result",
                            "content": {"type": "bash_code_execution_result", "stdout": "4", "stderr": ""},
                        },
                        {"type": "text", "text": "So."},
                    ],
                }
            ],
            [
                ("assistant", 'I look.\n[call web_search] {"query":"q"}'),
                ("assistant", "[call m]"),
                ("tool", "found"),
                ("tool", "4"),
                ("assistant", "So."),
            ],
        ),
        (
            [
                {"role": "user", "content": [{"type": "input_text", "text": "hi"}]},
                {"role": "assistant", "content": [{"type": "output_text", "text": "ho"}]},
            ],
            [("user", "hi"), ("assistant", "ho")],
        ),
        (
            [
                {"role": "model", "parts": [{"functionCall": {"name": "f", "args": {"q": 1}}}]},
                {"role": "user", "parts": [{"functionResponse": {"name": "f", "response": {"a": 4}}}]},
                {
                    "role": "model",
                    "parts": [
                        {"function_call": {"name": "f", "args": {}}, "text": None, "executable_code": None}
                    ],
                },
                {"role": "user", "parts": [{"function_response": {"response": {"a": 5}}, "text": None}]},
            ],
            [
                ("assistant", '[call f] {"q":1}'),
                ("tool", '{"a":4}'),
                ("assistant", "[call f]"),
                ("tool", '{"a":5}'),
            ],
        ),
        (
            [
                {"role": "assistant", "tool_plan": "I look.", "tool_calls": [{"function": {"name": "f"}}]},
                {"role": "tool", "content": [{"type": "document", "document": {"data": "four"}}]},
                {"role": "user", "content": [{"type": "document", "source": {"type": "url", "url": "u"}}]},
            ],
            [("assistant", "[call f]"), ("tool", "four"), ("user", "[document]")],
        ),
        (
            [
                {
                    "role": "assistant",
                    "content": [
                        {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]},
                        {"type": "text", "text": "Four"},
                        {"type": "reference", "reference_ids": [1]},
                    ],
                }
            ],
            [("assistant", "Four")],
        ),
    ],
)
def test_messages(given: Any, right: Any) -> None:
    assert messages_of(given) == right


def test_refusals_and_transcripts_are_answers() -> None:
    assert answer_of({"choices": [{"message": {"content": None, "refusal": "No."}}]}) == "No."
    assert answer_of({"choices": [{"message": {"content": None, "audio": {"transcript": "Yes."}}}]}) == "Yes."
    assert answer_of({"results": [{"outputText": "Titan"}]}) == "Titan"
    assert answer_of({"generation": "Llama"}) == "Llama"


@pytest.mark.parametrize(
    ("answer", "words", "chars"),
    [
        (
            {
                "content": [
                    {"type": "thinking", "thinking": "hmm"},
                    {"type": "server_tool_use", "name": "web_search", "input": {"query": "q"}},
                    {"type": "mcp_tool_result", "content": [{"type": "text", "text": "found"}]},
                    {"type": "text", "text": "So."},
                ]
            },
            '[call web_search] {"query":"q"}\nSo.',
            3,
        ),
        (
            {
                "message": {
                    "content": [{"type": "thinking", "thinking": "hmm"}, {"type": "text", "text": "So."}]
                }
            },
            "So.",
            3,
        ),
        (
            {
                "choices": [
                    {
                        "message": {
                            "content": [
                                {"type": "thinking", "thinking": [{"type": "text", "text": "hmm"}]},
                                {"type": "text", "text": "So."},
                                {"type": "reference", "reference_ids": [1]},
                            ]
                        }
                    }
                ]
            },
            "So.",
            3,
        ),
        (
            {
                "role": "assistant",
                "parts": [{"type": "reasoning", "text": "hmm"}, {"type": "text", "text": "So."}],
            },
            "So.",
            3,
        ),
        ({"message": {"tool_plan": "hmm", "tool_calls": [{"function": {"name": "f"}}]}}, "[call f]", 3),
        ('{"name": "reef"}', '{"name": "reef"}', None),
        ('{"error": {"message": "no"}}', None, None),
    ],
)
def test_answers_and_their_reasoning(answer: Any, words: str | None, chars: int | None) -> None:
    request = fill(Request(), {"messages": []}, answer)
    assert (request.answer, request.reasoning_chars) == (words, chars)


def test_a_signature_beside_a_call_is_kept() -> None:
    part = {"functionCall": {"name": "f", "args": {}}, "thoughtSignature": "CiQB0e2Kb4abcdefghij"}
    request = fill(Request(), {"contents": []}, {"candidates": [{"content": {"parts": [part]}}]})
    assert (request.answer, request.signed) == ("[call f]", ["CiQB0e2Kb4abcdefghij"])


def test_what_cannot_be_read_is_noted() -> None:
    take_notes()
    assert messages_of("[{'role': 'user', 'content': <object at 0x1>}]") is None
    assert [column for column, _ in take_notes()] == ["messages"]
    messages_of("{'a' is missing")
    assert not take_notes()


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
