"""Sentences that machines put into prompts join no strangers."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sketch_requests import KEY, Sketcher

from stillwatch.ingest.request import Request
from stillwatch.settings import SketchSettings
from stillwatch.sketch.machine import without_marks
from stillwatch.sketch.single import SingleSketcher

NOTE = (
    "Truncation is a DB storage safeguard. Full, untruncated data is logged to logging callbacks "
    "(OTEL, Datadog, etc.). To increase the truncation limit, set `MAX_STRING_LENGTH_PROMPT_IN_DB` in your env."
)
MARKS = (
    f"... (litellm_truncated skipped 1000 chars. {NOTE}) ...",
    "... (litellm_truncated 12982 chars)",
    "... [truncated]",
    "<truncated>",
    "[REDACTED]",
    "redacted-by-litellm",
    "[image]",
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ",
    "[120 rows x 14 columns]",
)


def stranger(seed: int, words: int) -> str:
    """Words that nobody else writes."""
    draw = random.Random(seed)
    return " ".join("".join(draw.choices("abcdefghijklmnop", k=7)) for _ in range(words))


@pytest.mark.parametrize("mark", MARKS)
def test_forty_strangers_share_nothing(rows_of: Sketcher, mark: str) -> None:
    prompts = [f"{stranger(i, 60)} {mark} {stranger(1000 + i, 60)}" for i in range(40)]
    seen = rows_of(prompts)
    for name in ("prompt", "head", "tail"):
        assert len({row[name] for row in seen}) == 40
    for name in ("shingles", "bands"):
        counts = Counter(value for row in seen for value in set(row[name]))
        assert counts
        assert max(counts.values()) == 1


@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seed=st.integers(0, 10**6),
    marks=st.lists(st.tuples(st.integers(0, 80), st.sampled_from(MARKS)), min_size=1, max_size=4),
)
def test_marks_part_nobody_and_join_nobody(
    rows_of: Sketcher, seed: int, marks: list[tuple[int, str]]
) -> None:
    """One person's words stay themselves with marks at any place; two people's never meet in the marks."""

    def marked(words: list[str]) -> str:
        found = list(words)
        for at, mark in sorted(marks, reverse=True):
            found.insert(at, mark)
        return " ".join(found)

    mine, other = stranger(seed, 80).split(), stranger(seed + 10**7, 80).split()
    bare, one, two = rows_of([" ".join(mine), marked(mine), marked(other)])
    for name in ("prompt", "head", "tail", "shingles", "bands"):
        assert bare[name] == one[name], name
    assert two["prompt"] != one["prompt"]
    assert not set(one["shingles"]) & set(two["shingles"])
    assert not set(one["bands"]) & set(two["bands"])


def test_a_sentence_about_a_mark_is_its_writer_s(rows_of: Sketcher) -> None:
    ours, theirs = rows_of([f"why does {stranger(i, 20)} show [image] and [truncated] here" for i in (1, 2)])
    assert ours["prompt"] != theirs["prompt"]
    assert not set(ours["shingles"]) & set(theirs["shingles"])


def test_a_prompt_that_is_cut_elsewhere_stays_near(rows_of: Sketcher) -> None:
    words = stranger(1, 400).split()
    cut = [" ".join([*words[:at], MARKS[0].replace("1000", str(at)), *words[at + 20 :]]) for at in (100, 120)]
    one, other = rows_of(cut)
    assert len(set(one["shingles"]) & set(other["shingles"])) > len(one["shingles"]) // 2


def test_one_request_gives_what_the_batch_gives(rows_of: Sketcher) -> None:
    text = f"{stranger(5, 30)} {MARKS[0]} {stranger(6, 30)}"
    (row,) = rows_of([text])
    one = SingleSketcher(KEY, SketchSettings())(Request(messages=[("user", text)]))
    assert (row["prompt"], row["tail"], row["shingles"]) == (one.prompt, one.tail, list(one.shingles or ()))


def test_words_of_a_person_stay() -> None:
    text = "why is my string truncated (or redacted) in [1, 2, 3]?"
    assert without_marks(text) == text
