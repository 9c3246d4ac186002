"""The labelled folder that the shipped model is trained on: rules for each template, payload that two
pipelines never share.
"""

from __future__ import annotations

import itertools
import re
import tomllib
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from intent_folder import PARTS, PHRASES, SCHEMA, write
from intent_payload import payload_of, rows_of
from intent_pipelines import PIPELINES, RULES, labels_of
from stillwatch.sketch.intent.labels import LABELS, UNSURE

SLOTS = {"q", "p", "a", "t", "m", "n", "topic", "code"}


@pytest.fixture(scope="module")
def folder(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("labelled")
    write(real_data, out, 0)
    return out


@pytest.mark.parametrize("book", ["asks", "ordinary"])
def test_our_phrasings_use_known_slots_and_labels(book: str) -> None:
    for label, templates in tomllib.loads((PHRASES / f"{book}.toml").read_text(encoding="utf-8")).items():
        assert book == "ordinary" or label in LABELS
        assert len(templates) == len(set(templates))
        assert {slot for text in templates for slot in re.findall(r"\{([a-z]+)\}", text)} <= SLOTS


def test_each_label_but_those_of_public_sets_has_phrasings() -> None:
    asks = tomllib.loads((PHRASES / "asks.toml").read_text(encoding="utf-8"))
    assert {*LABELS} - {*asks} == {"TECHNIQUE", "HARVEST"}
    assert all(len(templates) >= 12 for templates in asks.values())


def test_each_template_has_a_rule_and_known_labels(real_data: Path) -> None:
    rows = rows_of(real_data, "templates_distillation")
    assert {row["pipeline"] for row in rows} == set(PIPELINES) == set(RULES)
    for row in rows:
        assert {*(labels_of(row) or [])} <= {*LABELS, UNSURE}


def test_two_pipelines_share_no_payload(real_data: Path) -> None:
    pools = [payload_of(real_data, part, 0) for part in range(4)]
    for one, other in itertools.combinations(pools, 2):
        for name in ("questions", "instructions", "answers", "passages"):
            assert getattr(one, name)
            assert not {text for text in getattr(one, name) if len(text) > 40} & set(getattr(other, name))


def test_the_folder_is_whole_and_no_slot_is_left_open(folder: Path) -> None:
    assert sorted(path.stem for path in folder.iterdir()) == sorted(PARTS)
    for path in folder.iterdir():
        table = pq.read_table(path)
        assert table.schema.equals(SCHEMA)
        assert table.column("text").null_count == table.column("labels").null_count == 0
    texts = pq.read_table(folder / "pipelines.parquet").column("text").to_pylist()
    left = [
        re.search(r"\{\{\s*\w+\s*\}\}|<(INSERT_)?EXTRACT>|<PROMPT>|\$\{\w+\}", str(text)) for text in texts
    ]
    assert [found[0] for found in left if found] == []


def test_the_same_seed_draws_the_same(folder: Path, real_data: Path) -> None:
    for name in ("pipelines", "own"):
        assert pq.read_table(folder / f"{name}.parquet").to_pylist() == [
            row._asdict() for row in PARTS[name](real_data, 0)
        ]
