"""Frames from the places of their fingerprints, and fingerprints into families: the parts that need no
engine.
"""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.prompt_templates.cluster import clusters
from stillwatch.prompt_templates.shape import END, START, Step, shape_of


def steps_of(prompts: list[list[tuple[int, int]]], ends: list[int]) -> list[Step]:
    """Steps between neighbours of prompts given as (number, place), each with its length."""
    steps = []
    for prompt, end in zip(prompts, ends, strict=True):
        line = [(START, 0), *sorted(prompt, key=lambda item: item[1]), (END, end)]
        steps += [Step(a, b, at - before, 1) for (a, before), (b, at) in itertools.pairwise(line)]
    return steps


def test_what_keeps_its_distance_is_one_piece_and_what_does_not_is_a_slot() -> None:
    gaps = [3, 9, 4, 20, 11, 6]
    prompts = [[(1, 0), (2, 7), (3, 7 + 5 + gap), (4, 7 + 5 + gap + 6)] for gap in gaps]
    shape = shape_of(
        dict.fromkeys((1, 2, 3, 4), 5),
        steps_of(prompts, [40 + 3 * gap for gap in gaps]),
        {1: 0, 2: 7, 3: 20, 4: 26},
        6,
    )
    assert shape.slots == 2
    assert shape.least == 20
    assert shape.places == {1: (0, 0), 2: (0, 7), 3: (1, 0), 4: (1, 6)}
    assert 12 + 11 + 2 <= shape.about <= shape.most


def test_a_prompt_that_never_changes_has_no_slot_and_a_known_length() -> None:
    shape = shape_of({1: 5, 2: 5}, steps_of([[(1, 3), (2, 20)]] * 9, [31] * 9), {1: 3, 2: 20}, 6)
    assert (shape.slots, shape.about, shape.most, shape.least) == (0, 31, 31, 10)


def test_words_before_and_after_count_as_slots() -> None:
    befores = [0, 4, 9, 2, 7, 30, 1, 12]
    prompts = [[(1, before), (2, before + 9)] for before in befores]
    shape = shape_of(
        {1: 5, 2: 5},
        steps_of(prompts, [before + 14 + 5 * i for i, before in enumerate(befores)]),
        {1: 8, 2: 17},
        6,
    )
    assert shape.slots == 2
    assert shape.about >= 14


def test_shuffled_examples_stay_in_one_frame() -> None:
    rng = np.random.default_rng(3)
    prompts = []
    for _ in range(60):
        order = rng.permutation(3)
        prompts.append([(1, 0), *((2 + int(n), 10 + 12 * place) for place, n in enumerate(order)), (5, 50)])
    shape = shape_of(
        dict.fromkeys(range(1, 6), 5),
        steps_of(prompts, [60 + i for i in range(60)]),
        {1: 0, 2: 22, 3: 22, 4: 22, 5: 50},
        6,
    )
    assert shape.slots <= 2
    assert shape.least == 25


@given(
    st.lists(st.integers(5, 30), min_size=1, max_size=6),
    st.lists(st.lists(st.integers(0, 90), min_size=7, max_size=7), min_size=4, max_size=12),
)
def test_any_frame_stays_within_its_bounds(distances: list[int], fillings: list[list[int]]) -> None:
    """Pieces of one window, slots between them: whatever the fillings, least <= about <= most, and no more
    slots than gaps.
    """
    places = []
    for filling in fillings:
        at, prompt = 0, []
        for number, distance in enumerate(distances, 1):
            at += filling[number - 1]
            prompt.append((number, at))
            at += distance
        places.append((prompt, at + filling[-1]))
    shape = shape_of(
        dict.fromkeys(range(1, len(distances) + 1), 5),
        steps_of(*map(list, zip(*places, strict=True))),
        {n: n for n in range(1, 8)},
        6,
    )
    assert 5 * len(distances) == shape.least <= shape.about <= shape.most
    assert 0 <= shape.slots <= len(distances) + 1


def test_fingerprints_that_always_meet_are_one_family() -> None:
    assert clusters(np.array([100, 100, 100, 7]), [(0, 1, 100), (1, 2, 100), (0, 2, 100)]) == [[0, 1, 2], [3]]


def test_one_public_sentence_does_not_make_two_templates_one() -> None:
    """Fingerprint 0 is in both; 1 to 4 are the one template, 5 to 8 the other."""
    counts = np.array([200] + [100] * 8)
    pairs = [(a, b, 100) for block in ((1, 2, 3, 4), (5, 6, 7, 8)) for a in block for b in block if a < b]
    found = clusters(counts, pairs + [(0, b, 100) for b in range(1, 9)])
    assert sorted(map(len, found)) == [4, 5]
    assert {frozenset(part) - {0} for part in found} == {frozenset({1, 2, 3, 4}), frozenset({5, 6, 7, 8})}


def test_the_values_of_a_slot_belong_to_the_frame_though_they_exclude_each_other() -> None:
    counts = np.array([300, 300, 300, 100, 100, 100])
    pairs = [(0, 1, 300), (0, 2, 300), (1, 2, 300), *((a, b, 100) for a in range(3) for b in (3, 4, 5))]
    assert clusters(counts, pairs) == [[0, 1, 2, 3, 4, 5]]


@pytest.mark.parametrize("intact", [1.0, 0.59, 0.17])
def test_a_reworded_frame_stays_one_family(intact: float) -> None:
    """Pairs of one frame whose windows survive rewording by chance, beside another frame's."""
    rng = np.random.default_rng(5)
    held = rng.random((2_000, 12)) < intact
    held[:1_000, 6:] = False
    held[1_000:, :6] = False
    counts = held.sum(axis=0)
    pairs = [(a, b, int((held[:, a] & held[:, b]).sum())) for a in range(12) for b in range(a + 1, 12)]
    found = clusters(counts, [pair for pair in pairs if pair[2] > 2])
    assert sorted(map(sorted, found)) == [[0, 1, 2, 3, 4, 5], [6, 7, 8, 9, 10, 11]]


def test_a_thing_shared_with_nobody_stays_alone() -> None:
    assert clusters(np.array([5, 6]), []) == [[0], [1]]
