"""The intent model's file gives away no text that it was trained on, and nothing at all of what fewer than
three groups said.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from canary_nest import Nest
from click.testing import CliRunner
from searched import hits, views

from stillwatch.cli import program
from stillwatch.sketch.intent import load_intent
from stillwatch.sketch.intent.reading import buckets_of, features_of, masked_of, tags_of

GROUPS = 24
PUBLIC = "rubric"


def document(nest: Nest, place: int, asking: bool) -> dict[str, Any]:
    """One labelled prompt with words of its own, a word that a whole class shares, and one that two groups
    share.
    """
    own = nest(f"training {place}")
    pair = nest.id(f"pair {place // 2}")
    said = (
        f"score this answer against the {PUBLIC} with {own} {pair}"
        if asking
        else f"what is a good walk for {own} {pair} on a quiet day"
    )
    row = {
        "text": said,
        "system": nest(f"training system {place}"),
        "labels": "GRADING" if asking else "",
        "source": "shownsource",
        "licence": "shownlicence",
    }
    return row | {"group": nest.id(f"group {place}")}


@pytest.fixture(scope="module")
def nest() -> Nest:
    return Nest()


@pytest.fixture(scope="module")
def trained(nest: Nest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model from the real command, in a folder beside what the command said."""
    folder = tmp_path_factory.mktemp("intent")
    (folder / "given").mkdir()
    rows = [document(nest, place, place < GROUPS // 2) for place in range(GROUPS)]
    (folder / "given" / "canary.jsonl").write_text(
        "".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8"
    )
    out = folder / "kept" / "model"
    for more in ([], ["--json"]):
        done = CliRunner().invoke(
            program, ["intent", "train", str(folder / "given"), "--out", str(out), *more]
        )
        assert done.exit_code == 0, done.exception
        (out.parent / f"said{len(more)}").write_text(done.output, encoding="utf-8")
    return out.parent


def test_no_canary_is_in_the_model_its_card_or_on_the_screen(trained: Path, nest: Nest) -> None:
    found = views(trained)
    assert len(nest.words) > 4 * GROUPS
    assert {word for _, word in hits(found, ["shownsource", "shownlicence"])} == {
        "shownsource",
        "shownlicence",
    }, "the search would find nothing"
    assert hits(found, nest.words) == []


def known(folder: Path, word: str) -> bool:
    """Whether the model has a feature for a word: what a thief of the model can test."""
    model = load_intent(folder / "model")
    features = features_of((masked_of(word),))
    pairs = set(zip(model.features["bucket"].tolist(), model.features["tag"].tolist(), strict=True))
    return any(
        pair in pairs for pair in zip(buckets_of(features).tolist(), tags_of(features).tolist(), strict=True)
    )


def test_words_of_fewer_than_three_groups_leave_it_as_it_is(trained: Path, nest: Nest) -> None:
    """Its features are hashes under no key, so a common word can be guessed; a word of one or two groups is
    not there to be guessed.
    """
    assert known(trained, PUBLIC)
    assert [word for word in nest.words if known(trained, word)] == []


@pytest.mark.parametrize("column", ["text", "labels", "source"])
def test_a_faulty_folder_shows_no_word_of_its_texts(nest: Nest, tmp_path: Path, column: str) -> None:
    rows = [document(nest, place, True) for place in range(2)]
    rows[1] = {name: value for name, value in rows[1].items() if name != column} | (
        {"labels": ["COLOUR"]} if column == "labels" else {}
    )
    (tmp_path / "canary.jsonl").write_text(
        "".join(json.dumps(row) + "\n" for row in rows) + '{"text": "cut', encoding="utf-8"
    )
    (tmp_path / "other.csv").write_text(
        "text,labels,source\n" + nest("loose cell") + ',,"\n', encoding="utf-8"
    )
    done = CliRunner().invoke(program, ["intent", "train", str(tmp_path), "--out", str(tmp_path / "model")])
    assert done.exit_code != 0
    assert hits([("said", f"{done.output} {done.exception} {done.exception!r}".encode())], nest.words) == []
