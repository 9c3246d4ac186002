"""Phrases repeat for their seed and never break the JSON around them."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.simulate import compose
from stillwatch.simulate.grammar import build, shipped

BOOK = shipped()
SYMBOLS = sorted(BOOK.symbols)


@settings(deadline=None)
@given(st.sampled_from(SYMBOLS), st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=20))
def test_every_phrase_is_valid_inside_json_and_repeats_for_its_seed(symbol: str, seeds: list[int]) -> None:
    numbers = np.full(len(seeds), BOOK.number(symbol))
    texts = compose.texts(numbers, np.array(seeds, np.uint64), BOOK).to_pylist()
    assert texts == compose.texts(numbers, np.array(seeds, np.uint64), BOOK).to_pylist()
    assert all(json.loads(f'"{text}"') for text in texts)
    assert not any("{" in str(text) and symbol not in ("answer_json", "extract_open") for text in texts)


def test_ordinary_prompts_are_diverse() -> None:
    texts = compose.texts(
        np.full(20_000, BOOK.number("chat")), np.arange(20_000, dtype=np.uint64), BOOK
    ).to_pylist()
    assert len(set(texts)) > 17_000


@pytest.mark.parametrize(("symbol", "repeated"), [("agent_task", 0), ("agent_result", 5_000)])
def test_coding_agents_are_hardly_ever_asked_the_same(symbol: str, repeated: int) -> None:
    """Of 100,000 tasks none twice: with a space of N there would be 5e9 / N pairs, so N is likely beyond a
    thousand million.
    """
    texts = compose.texts(
        np.full(100_000, BOOK.number(symbol)), np.arange(100_000, dtype=np.uint64), BOOK
    ).to_pylist()
    assert len(set(texts)) >= 100_000 - repeated


def test_quotes_and_line_ends_are_escaped_once() -> None:
    grammar = build({"a": ['say "{b}"\n'], "b": ["é\\"]})
    text = compose.texts(np.array([0]), np.array([1], np.uint64), grammar)[0].as_py()
    assert json.loads(f'"{text}"') == 'say "é\\"\n'


@pytest.mark.parametrize("rules", [{"a": ["{b}"]}, {"a": ["{b}"], "b": ["x {a}"]}])
def test_broken_books_are_refused(rules: dict[str, list[str]]) -> None:
    with pytest.raises(ValueError, match="BUG"):
        build(rules)


@settings(deadline=None)
@given(st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=50))
def test_hexadecimal_is_what_python_says(numbers: list[int]) -> None:
    assert compose.hexadecimal("id-", np.array(numbers, np.uint64)).to_pylist() == [
        f"id-{n:016x}" for n in numbers
    ]
