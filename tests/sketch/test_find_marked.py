"""Texts with what machines write are found in one pass, and no other text is touched."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.schema.keyed import buffers_of
from stillwatch.sketch.machine import NEEDLES, find_marked, unmarked, without_marks

PIECES = (
    *NEEDLES,
    "... (litellm_truncated 12 chars)",
    "redacted-by-litellm",
    "[image]",
    "[3 rows x 2 columns]",
    "... and 12 more",
    "[",
    "trunca",
    "\u2026",
    "\u00e9",
    "words of somebody ",
)


def found(texts: Sequence[str | None]) -> list[bool]:
    data, offsets = buffers_of(pa.array(texts, pa.string()))
    out = np.zeros(len(texts), np.uint8)
    assert find_marked(data, offsets, out) == out.sum()
    return [bool(value) for value in out]


@pytest.mark.parametrize("needle", NEEDLES)
def test_each_needle_is_found_at_any_place(needle: str) -> None:
    texts = [" " * at + needle + " " * after for at in range(40) for after in (0, 1, 7, 40)]
    assert all(found(texts))


def test_a_needle_over_the_end_of_a_text_is_none() -> None:
    """Texts lie side by side."""
    assert not any(
        found(["[im", "age]", "trun", "cat", None, "", "a column", "s]", "eda", "cted", "[", "image"])
    )


def test_ordinary_words_are_left_as_they_are() -> None:
    column = pa.array(["truth, a rune and an educated drunk", "x = [i] + [a, b] + [0]", None, ""])
    assert unmarked(column) is column


@settings(deadline=None, max_examples=200)
@given(
    texts=st.lists(st.none() | st.lists(st.sampled_from(PIECES), max_size=4).map("".join), max_size=12),
    cut=st.integers(0, 3),
    large=st.booleans(),
)
def test_a_column_is_cleaned_as_its_texts(texts: list[str | None], cut: int, large: bool) -> None:
    kind: Any = pa.large_string() if large else pa.string()
    column = pa.array(texts, kind).slice(cut)
    cleaned = unmarked(column)
    assert cleaned.type == kind
    assert cleaned.to_pylist() == [None if text is None else without_marks(text) for text in texts[cut:]]
