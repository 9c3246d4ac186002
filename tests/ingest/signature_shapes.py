"""One exchange in every shape that carries reasoning: what its history sends back, what its answer is signed
with, and what must not be taken.
"""

from __future__ import annotations

import json
from typing import Any

Row = dict[str, Any]
A, B, C, D, DECOY = (f"EqQBCgIYAhIk{letter * 12}" for letter in "abcdz")
THOUGHT = "weigh both sides first"
TOOL_CALL = {
    "id": "call_1",
    "type": "function",
    "function": {"name": "f", "arguments": json.dumps({"signature": DECOY})},
}

SHAPES: dict[str, tuple[list[Row], Row]] = {
    "anthropic": (
        [
            {"role": "user", "content": "hello"},
            {
                "role": "assistant",
                "content": [
                    {"type": "thinking", "thinking": "long ago", "signature": A},
                    {"type": "redacted_thinking", "data": B},
                    {"type": "text", "text": "I look"},
                    {
                        "type": "tool_use",
                        "id": "toolu_1",
                        "name": "f",
                        "input": {
                            "signature": DECOY,
                            "thinking": DECOY,
                            "content": [{"thoughtSignature": DECOY}],
                        },
                    },
                ],
            },
            {
                "role": "user",
                "content": [
                    {
                        "type": "tool_result",
                        "content": [{"type": "thinking", "thinking": "x", "signature": DECOY}],
                    }
                ],
            },
        ],
        {
            "type": "message",
            "content": [
                {"type": "thinking", "thinking": THOUGHT, "signature": C},
                {
                    "type": "web_search_tool_result",
                    "content": [{"type": "web_search_result", "encrypted_content": DECOY}],
                },
                {"type": "redacted_thinking", "data": D},
                {"type": "text", "text": "done"},
            ],
        },
    ),
    "litellm": (
        [
            {"role": "user", "content": "hello"},
            {
                "role": "assistant",
                "content": "I look",
                "reasoning_content": "long ago",
                "thinking_blocks": [{"type": "thinking", "thinking": "long ago", "signature": A}],
                "provider_specific_fields": {
                    "thinking_blocks": [{"type": "thinking", "signature": A}],
                    "thought_signatures": [B],
                },
                "tool_calls": [TOOL_CALL],
            },
            {"role": "tool", "tool_call_id": "call_1", "content": json.dumps([{"thoughtSignature": DECOY}])},
        ],
        {
            "choices": [
                {
                    "message": {
                        "role": "assistant",
                        "content": "done",
                        "reasoning_content": THOUGHT,
                        "thinking_blocks": [
                            {"type": "thinking", "thinking": THOUGHT, "signature": C},
                            {"type": "redacted_thinking", "data": D},
                        ],
                    }
                }
            ]
        },
    ),
    "openrouter": (
        [
            {"role": "user", "content": "hello"},
            {
                "role": "assistant",
                "content": "I look",
                "reasoning_details": [
                    {"type": "reasoning.text", "text": "long ago", "signature": A, "id": "rs_1"}
                ],
            },
            {
                "role": "assistant",
                "content": "again",
                "reasoning_details": [
                    {"type": "reasoning.encrypted", "data": B, "id": "rs_2222222222222222"}
                ],
            },
            {"role": "user", "content": "go on"},
        ],
        {
            "choices": [
                {
                    "message": {
                        "role": "assistant",
                        "content": "done",
                        "reasoning": THOUGHT,
                        "reasoning_details": [
                            {"type": "reasoning.text", "text": THOUGHT, "signature": C},
                            {"type": "reasoning.encrypted", "data": D},
                        ],
                    }
                }
            ]
        },
    ),
    "gemini through others": (
        [
            {"role": "user", "content": "hello"},
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [{**TOOL_CALL, "extra_content": {"google": {"thought_signature": A}}}],
            },
            {"role": "tool", "tool_call_id": f"call_1__thought__{B}", "content": "42"},
        ],
        {
            "choices": [
                {
                    "message": {
                        "role": "assistant",
                        "content": "done",
                        "reasoning_content": THOUGHT,
                        "provider_specific_fields": {"thought_signatures": [C]},
                        "tool_calls": [{**TOOL_CALL, "id": f"call_2__thought__{D}"}],
                    }
                }
            ]
        },
    ),
    "bedrock": (
        [
            {"role": "user", "content": [{"text": "hello"}]},
            {
                "role": "assistant",
                "content": [
                    {"reasoningContent": {"reasoningText": {"text": "long ago", "signature": A}}},
                    {"text": "I look"},
                ],
            },
            {
                "role": "assistant",
                "content": [{"reasoningContent": {"redactedContent": B}}, {"text": "again"}],
            },
            {"role": "user", "content": [{"text": "go on"}]},
        ],
        {
            "output": {
                "message": {
                    "role": "assistant",
                    "content": [
                        {"reasoningContent": {"reasoningText": {"text": THOUGHT, "signature": C}}},
                        {"reasoningContent": {"redactedContent": D}},
                        {"text": "done"},
                    ],
                }
            }
        },
    ),
    "vercel": (
        [
            {"role": "user", "content": [{"type": "text", "text": "hello"}]},
            {
                "role": "assistant",
                "content": [
                    {
                        "type": "reasoning",
                        "text": "long ago",
                        "providerOptions": {"anthropic": {"signature": A}},
                    },
                    {
                        "type": "tool-call",
                        "toolName": "f",
                        "input": {"encrypted_content": DECOY},
                        "providerOptions": {"google": {"thoughtSignature": B}},
                    },
                    {"type": "text", "text": "I look"},
                ],
            },
            {"role": "user", "content": [{"type": "text", "text": "go on"}]},
        ],
        {
            "role": "assistant",
            "content": [
                {
                    "type": "reasoning",
                    "text": THOUGHT,
                    "providerMetadata": {"openai": {"itemId": "rs_3", "reasoningEncryptedContent": C}},
                },
                {"type": "text", "text": "done", "providerMetadata": {"google": {"thoughtSignature": D}}},
            ],
        },
    ),
}
RESPONSES: tuple[list[Row], Row] = (
    [
        {"role": "user", "content": "hello"},
        {"type": "reasoning", "id": "rs_1111111111111111", "encrypted_content": A, "summary": []},
        {"type": "item_reference", "id": "rs_2222222222222222"},
        {
            "type": "function_call",
            "id": "fc_1111111111111111",
            "call_id": "call_1",
            "name": "f",
            "arguments": json.dumps({"encrypted_content": DECOY}),
        },
        {
            "type": "function_call_output",
            "call_id": "call_1",
            "output": json.dumps({"thoughtSignature": DECOY}),
        },
    ],
    {
        "object": "response",
        "reasoning": {"effort": "high", "summary": "a setting, and nobody's thought"},
        "output": [
            {
                "type": "reasoning",
                "id": "rs_3333333333333333",
                "encrypted_content": C,
                "summary": [{"type": "summary_text", "text": THOUGHT}],
            },
            {"type": "reasoning", "id": "rs_4444444444444444", "summary": []},
            {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "done"}]},
        ],
    },
)
GEMINI: tuple[list[Row], Row] = (
    [
        {"role": "user", "parts": [{"text": "hello"}]},
        {
            "role": "model",
            "parts": [
                {"text": "long ago", "thought": True},
                {"functionCall": {"name": "f", "args": {"thoughtSignature": DECOY}}, "thoughtSignature": A},
            ],
        },
        {
            "role": "user",
            "parts": [{"functionResponse": {"name": "f", "response": {"thoughtSignature": DECOY}}}],
        },
        {"role": "model", "parts": [{"text": "again", "thoughtSignature": B}]},
        {"role": "user", "parts": [{"text": "go on"}]},
    ],
    {
        "candidates": [
            {
                "content": {
                    "role": "model",
                    "parts": [
                        {"text": THOUGHT, "thought": True},
                        {"text": "done", "thoughtSignature": C},
                        {"text": "", "thoughtSignature": D},
                    ],
                }
            }
        ]
    },
)
ALL = {**SHAPES, "responses": RESPONSES, "gemini": GEMINI}
RS2, RS4 = "rs/2222222222222222", "rs/4444444444444444"
SENT = {name: [A, RS2] if name == "responses" else [A, B] for name in ALL}
SIGNED = {name: [C, RS4] if name == "responses" else [C, D] for name in ALL}
