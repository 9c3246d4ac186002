"""The intent kernels give what the slow way gives, whatever the words."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sketch_requests import Sketcher

from stillwatch.schema.flags import HARVEST, Flag
from stillwatch.sketch.intent import COLUMNS, load_intent, packed, room_for, score, told
from stillwatch.sketch.intent.labels import BITS, HARVEST_COLUMN, LABELS
from stillwatch.sketch.intent.reading import cues_of, flagged, logits_of, masked_of, sums_of
from stillwatch.sketch.intent.scoring import HITS, packed_of
from stillwatch.sketch.words import room

INTENT = load_intent()
MODEL = room_for(packed(INTENT))
WORDS = st.sampled_from(
    [
        "score",
        "the",
        "response",
        "from",
        "1",
        "to",
        "5",
        "write",
        "your",
        "full",
        "chain",
        "of",
        "thought",
        "inside",
        "tags",
        "generate",
        "diverse",
        "instructions",
        "step",
        "by",
        "step",
        "which",
        "answer",
        "is",
        "better",
        "A",
        "or",
        "B",
        "问",
        "题",
        "思",
        "维",
        "链",
        "42",
        "17",
        "please",
        "thanks",
        "quizzaciously",
    ]
)
TEXTS = st.lists(WORDS, max_size=400).map(" ".join)
TURN = iter(range(1, 2**31))


def summed(*parts: npt.NDArray[np.uint64]) -> npt.NDArray[np.int64]:
    """Sums of one exchange by the kernel."""
    out = np.zeros((1, COLUMNS + 1), np.int64)
    turn = next(TURN)
    for words in parts:
        masked = room(len(words))
        masked[: len(words), 0] = words
        score(masked, len(words), MODEL, turn, out, 0)
    return np.asarray(out[0])


@settings(deadline=None, max_examples=60)
@given(TEXTS, TEXTS)
def test_the_kernel_sums_as_the_slow_way_does(system: str, text: str) -> None:
    parts = masked_of(system, system=True), masked_of(text)
    assert summed(*parts).tolist() == sums_of(parts, INTENT.features).tolist()


@settings(deadline=None, max_examples=60)
@given(TEXTS, st.integers(2, 6))
def test_a_word_counts_once_and_only_in_its_own_turn(text: str, times: int) -> None:
    words = masked_of(text)
    once = summed(words)
    assert summed(*[words] * times).tolist() == once.tolist()
    assert summed(words).tolist() == once.tolist()


@pytest.mark.parametrize("weight", [-127, 127])
def test_no_lane_overflows(weight: int) -> None:
    features = np.unique(
        (np.arange(3000, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(50)
    ).astype(np.uint16)
    words = np.arange(3000, dtype=np.uint64)
    tags = np.zeros(len(features), np.uint16)
    for word in words:
        value = int(word) * 0x9E3779B97F4A7C15 % 2**64
        tags[np.searchsorted(features, value >> 50)] = (value >> 34 & 0xFFFF) | 1
    model = room_for(
        packed_of(features, tags, np.full((len(features), COLUMNS), weight, np.int8), np.ones((COLUMNS, 3)))
    )
    masked, out = room(len(words)), np.zeros((1, COLUMNS + 1), np.int64)
    masked[:, 0] = words
    score(masked, len(words), model, 1, out, 0)
    assert out[0, HITS] >= len(features)
    assert out[0, :COLUMNS].tolist() == [weight * out[0, HITS]] * COLUMNS


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.integers(-6000, 6000), min_size=COLUMNS, max_size=COLUMNS),
    st.integers(0, 400),
    st.sets(st.sampled_from(list(Flag))),
)
def test_flags_and_chance_are_those_of_the_slow_way(sums: list[int], hits: int, cues: set[Flag]) -> None:
    out = np.array([[*sums, hits]], np.int64)
    bits = sum(cues)
    flags, thousandths = told(MODEL, out, 0, bits)
    logits = logits_of(out, INTENT.scales)
    expected = flagged(logits, INTENT.scales[:, 2], np.array([bits]))[0]
    known = sum(bit for bit, is_set in zip(BITS[:HARVEST_COLUMN], expected, strict=False) if is_set)
    assert flags & ~int(Flag.AGENTIC | Flag.STEPS) == known
    reasoned = logits[0, 0] >= INTENT.scales[0, 2] and bool(cues & {Flag.EVALUATION, Flag.STEPS})
    assert bool(flags & Flag.STEPS) == (Flag.STEPS in cues or (reasoned and not flags & Flag.REASONING))
    assert bool(flags & HARVEST) == expected[-1]
    with np.errstate(over="ignore"):
        assert thousandths == pytest.approx(1000 / (1 + np.exp(-logits[0, -1])), abs=0.51)


def test_the_sketch_stage_tells_the_same(rows_of: Sketcher) -> None:
    system = "You are a grader. Return a score from 1 to 5 for each response."
    texts = [
        "Rate the response from 1 to 5 on the rubric and give a reason.",
        "How long does rice keep in the fridge?",
        "",
    ]
    rows = rows_of(
        [{"messages": [{"role": "system", "text": system}, {"role": "user", "text": text}]} for text in texts]
    )
    for row, text in zip(rows, texts, strict=True):
        sums = sums_of((masked_of(system, system=True), masked_of(text)), INTENT.features)[None]
        logits = logits_of(sums, INTENT.scales)
        assert row["harvest"] == round(1000 / (1 + np.exp(-logits[0, -1])))
        hits = flagged(logits, INTENT.scales[:, 2], np.array([cues_of(system, text)]))[0]
        assert {label for label, hit in zip(LABELS[:-1], hits, strict=False) if hit} == {
            flag.name for flag in Flag(row["flags"] & ~int(Flag.AGENTIC))
        }
