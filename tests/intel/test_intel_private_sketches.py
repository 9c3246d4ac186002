"""Keyed sketches of templates: alike with one key and epoch, by chance with two, never of few accounts."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from token_parts import EPOCH
from village import Ran

from stillwatch.errors import IntelError
from stillwatch.intel.private.sketches.group_key import SketchKey
from stillwatch.intel.private.sketches.of_run import shingles_of, sketchable, sketches_of_run
from stillwatch.intel.private.sketches.template_sketch import TemplateSketch, likeness, sketch_of
from stillwatch.run.reading import Run

KEY = SketchKey.of(b"a secret of the group", EPOCH)
FRAME = " ".join(f"word{number}" for number in range(40))


def elements(names: range) -> list[bytes]:
    return [f"element {name}".encode() for name in names]


@pytest.mark.parametrize(("first", "second", "jaccard"), [(0, 0, 1.0), (0, 50, 1 / 3), (0, 100, 0.0)])
def test_the_likeness_is_the_share_of_what_both_have(first: int, second: int, jaccard: float) -> None:
    found = [
        likeness(
            sketch_of(elements(range(base + first, base + first + 100)), "words", KEY),
            sketch_of(elements(range(base + second, base + second + 100)), "words", KEY),
        )
        for base in range(0, 2_000, 200)
    ]
    assert sum(found) / len(found) == pytest.approx(jaccard, abs=0.04)


def test_another_key_epoch_or_basis_is_refused_and_would_agree_by_chance_only() -> None:
    same = elements(range(100))
    mine = sketch_of(same, "words", KEY)
    others = {
        "key": sketch_of(same, "words", SketchKey.of(b"a secret of others", EPOCH)),
        "epoch": sketch_of(same, "words", SketchKey.of(b"a secret of the group", EPOCH.next())),
        "basis": sketch_of(same, "fingerprints-1-0a0b0c0d", KEY),
    }
    for what, other in others.items():
        with pytest.raises(IntelError, match=f"different {what}"):
            likeness(mine, other)
        forged = TemplateSketch(mine.epoch, mine.key_name, mine.basis, other.values)
        assert likeness(mine, forged) < 0.05


def test_a_phrase_has_no_sketch() -> None:
    with pytest.raises(IntelError, match="too short"):
        sketch_of(elements(range(7)), "words", KEY)


def test_a_sketch_is_read_as_it_is_written() -> None:
    mine = sketch_of(elements(range(20)), "fingerprints-1-0a0b0c0d", KEY)
    assert TemplateSketch.parse(mine.pattern) == mine
    for text in ("", mine.pattern + "0", mine.pattern[:-1], mine.pattern.replace("W49", "W60")):
        with pytest.raises(IntelError):
            TemplateSketch.parse(text)


def row(**chosen: Any) -> dict[str, Any]:
    return {
        "group": 1,
        "part": "frame",
        "key": 7,
        "accounts": 40,
        "accounts_elsewhere": 0,
        "words": FRAME,
    } | chosen


def fingerprints(count: int, template: int = 7) -> list[dict[str, Any]]:
    return [{"group": 1, "template": template, "kind": "shingle", "key": -number} for number in range(count)]


@pytest.mark.parametrize(
    ("given_row", "keys", "of_words", "of_all"),
    [
        (row(), 20, "", ""),
        (row(words=None), 20, "keeps no words", ""),
        (row(words="one two three four five six"), 20, "fewer than 8 elements", ""),
        (row(), 3, "", "fewer than 8 elements"),
        (row(accounts=19), 20, "fewer than 20 accounts", None),
        (row(accounts_elsewhere=5), 20, "outside the group", None),
    ],
)
def test_what_is_sketched_of_a_run_and_why_not(
    given_row: dict[str, Any], keys: int, of_words: str, of_all: str | None
) -> None:
    found = list(sketchable([given_row], fingerprints(keys), "fingerprints-1-aa", KEY, {1}))
    for one, why, basis in zip(found, (of_words, of_all), ("words", "fingerprints-1-aa"), strict=False):
        if why:
            assert why in one.why_not
            assert one.sketch is None
        else:
            assert one.sketch is not None
            assert one.sketch.basis == basis
    assert len(found) == (1 if of_all is None else 2)


def test_heads_and_groups_that_were_not_chosen_are_left_out() -> None:
    assert list(sketchable([row(part="head"), row(group=2)], [], "fingerprints-1-aa", KEY, {1})) == []


def test_few_accounts_cannot_be_asked_for() -> None:
    with pytest.raises(IntelError, match="fewer than 20 accounts"):
        list(sketchable([row()], [], "fingerprints-1-aa", KEY, {1}, least_accounts=5))


@settings(max_examples=50)
@given(st.text(alphabet="ab {1}", max_size=60))
def test_no_shingle_goes_over_a_slot(words: str) -> None:
    assert all(b"{1}" not in shingle for shingle in shingles_of(words))
    assert all(shingle.count(b"\x1f") == 4 for shingle in shingles_of(words))


def test_a_reworded_template_is_still_like_itself() -> None:
    words = FRAME.split()
    random.Random(1).shuffle(words)
    swapped = [*words]
    swapped[20] = "another"
    one = sketch_of(shingles_of(" ".join(words)), "words", KEY)
    two = sketch_of(shingles_of(" ".join(swapped)), "words", KEY)
    assert 0.6 < likeness(one, two) < 0.95


def test_a_real_run_gives_sketches_of_its_campaign_only(village_run: Ran, tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(b"the secret of the group, in a file")
    key = SketchKey.from_file(tmp_path / "key", EPOCH)
    run = Run(village_run.folder)
    found = list(sketches_of_run(run, key))
    adversarial = {row["group"] for row in run.rows("campaigns") if row["verdict"] == "adversarial"}
    assert {one.group for one in found} == adversarial
    made = [one for one in found if one.sketch is not None]
    assert [one.key for one in made] == [None] * len(adversarial), "this run keeps no words"
    assert all(one.accounts >= 20 for one in made)
