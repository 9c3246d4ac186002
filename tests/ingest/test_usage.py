"""Counts of tokens mean the same, whoever counted."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.ingest.usage import GROUPS, KNOWN, PLAIN, _named, counts_of


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
        (
            {
                "input": 125,
                "input_cached_tokens": 100,
                "output": 50,
                "output_reasoning_tokens": 40,
                "total": 175,
            },
            (125, 50, 40, 100, None),
        ),
        (
            {"input_tokens": 5, "output_tokens": 7, "cache_read_input_tokens": 100, "total_tokens": 12},
            (105, 7, None, 100, None),
        ),
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


VALUES = st.none() | st.integers(-3, 4_000) | st.sampled_from(["12", "", "many", True, 2.0, {"a": 1}])


@settings(deadline=None)
@given(usage=st.dictionaries(st.sampled_from(sorted(PLAIN)), VALUES, min_size=1))
def test_plain_counts_are_read_as_any_others(usage: dict[str, Any]) -> None:
    """The short way, without a look-up of parts, gives what the long way gives."""
    assert counts_of(usage) == counts_of(usage | {"a_name_nobody_knows": 1})


@settings(deadline=None)
@given(
    names=st.lists(st.sampled_from(sorted(KNOWN)), min_size=1, max_size=7, unique=True),
    values=st.lists(VALUES, min_size=14, max_size=14),
    seed=st.randoms(use_true_random=False),
)
def test_names_seen_before_say_nothing_of_values(names: list[str], values: list[Any], seed: Any) -> None:
    """Names are looked up once for rows that share them, in the order of the groups and not of the row."""
    one, two = dict(zip(names, values, strict=False)), dict(zip(names, values[7:], strict=False))
    _named.cache_clear()
    first, after = counts_of(one), counts_of(two)
    _named.cache_clear()
    mixed = list(two.items())
    seed.shuffle(mixed)
    assert counts_of(dict(mixed)) == after
    assert counts_of(one) == first


def test_names_that_a_client_makes_up_are_not_remembered() -> None:
    """They would push out those that rows share."""
    usage = {"input_tokens": 9, "output_tokens": 4}
    _named.cache_clear()
    found = {counts_of(usage | {f"made_up_{i}": i}) for i in range(3_000)}
    assert found == {counts_of(usage)}
    assert _named.cache_info().currsize == 1


def test_each_name_is_found_in_its_groups() -> None:
    for name in KNOWN:
        assert _named(frozenset([name])) == tuple((name,) if name in group else () for group in GROUPS)
