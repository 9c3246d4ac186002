"""Counts of tokens mean the same, whoever counted."""

from __future__ import annotations

from typing import Any

import pytest

from stillwatch.ingest.usage import counts_of


@pytest.mark.parametrize(
    ("usage", "right"),
    [
        (
            {"prompt_tokens": 9, "completion_tokens": 4, "prompt_tokens_details": {"cached_tokens": 5}},
            (9, 4, None, 5, None),
        ),
        (
            {
                "input_tokens": 9,
                "output_tokens": 4,
                "cache_read_input_tokens": 90,
                "cache_creation_input_tokens": 1,
            },
            (100, 4, None, 90, 1),
        ),
        (
            {"prompt_tokens": 100, "completion_tokens": 4, "cache_read_input_tokens": 90},
            (100, 4, None, 90, None),
        ),
        (
            {
                "promptTokenCount": 300,
                "candidatesTokenCount": 5,
                "thoughtsTokenCount": 50,
                "cachedContentTokenCount": 7,
            },
            (300, 55, 50, 7, None),
        ),
        (
            {"inputTokens": 5, "outputTokens": 2, "cacheReadInputTokens": 10, "totalTokens": 17},
            (15, 2, None, 10, None),
        ),
        (
            {
                "input": 86,
                "input_cached_tokens": 17817,
                "output": 20,
                "output_reasoning_tokens": 400,
                "total": 18323,
            },
            (17903, 420, 400, 17817, None),
        ),
        ({"input": 100, "input_cached_tokens": 90, "output": 20, "total": 120}, (100, 20, None, 90, None)),
        ({"prompt_tokens": 9, "completion_tokens": 4, "prompt_cache_hit_tokens": 8}, (9, 4, None, 8, None)),
        (
            {"inputTokens": 9, "outputTokens": 4, "cachedInputTokens": 8, "reasoningTokens": 3},
            (9, 4, 3, 8, None),
        ),
        (
            {
                "prompt_tokens": 9,
                "completion_tokens": 4,
                "total_tokens": 33,
                "completion_tokens_details": {"reasoning_tokens": 20},
            },
            (9, 24, 20, None, None),
        ),
        ({"tokens": {"input_tokens": 9, "output_tokens": 4}}, (9, 4, None, None, None)),
        (
            {"inputTokenCount": 30, "cacheReadInputTokenCount": 60, "outputTokenCount": 20},
            (90, 20, None, 60, None),
        ),
        (
            {
                "input_tokens": 30,
                "cache_creation": {"ephemeral_5m_input_tokens": 4, "ephemeral_1h_input_tokens": 6},
                "output_tokens": 20,
            },
            (40, 20, None, None, 10),
        ),
        (
            {
                "input_tokens": 100,
                "input_token_details": {"cache_read": 60, "cache_creation": 10},
                "output_tokens": 20,
                "output_token_details": {"reasoning": 5},
            },
            (100, 20, 5, 60, 10),
        ),
        (
            {
                "inputTokens": {"total": 100, "noCache": 40, "cacheRead": 60, "cacheWrite": 0},
                "outputTokens": {"total": 20, "text": 15, "reasoning": 5},
            },
            (100, 20, 5, 60, 0),
        ),
        (
            {
                "promptTokenCount": 9,
                "toolUsePromptTokenCount": 3,
                "candidatesTokenCount": 4,
                "totalTokenCount": 16,
            },
            (12, 4, None, None, None),
        ),
        ({"prompt_eval_count": 9, "eval_count": 4}, (9, 4, None, None, None)),
        ({"inputTextTokenCount": 9, "output_tokens": 4}, (9, 4, None, None, None)),
        (
            {
                "billed_units": {"input_tokens": 8, "output_tokens": 4},
                "tokens": {"input_tokens": 9, "output_tokens": 4},
            },
            (9, 4, None, None, None),
        ),
        ({}, (None, None, None, None, None)),
    ],
)
def test_one_meaning(usage: dict[str, Any], right: tuple[int | None, ...]) -> None:
    assert counts_of(usage) == right
