"""A labelled folder in three formats, and what is wrong with one, told with file, row and column."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from intent_village import labelled, write_rows

from stillwatch.errors import InputError
from stillwatch.sketch.intent.folder import Documents, read_folder
from stillwatch.sketch.intent.labels import HARVEST_COLUMN, LABELS


def as_csv(folder: Path, rows: list[dict[str, Any]]) -> None:
    with (folder / "a.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, ["text", "labels", "source", "group"])
        writer.writeheader()
        writer.writerows({**row, "labels": ",".join(row["labels"])} for row in rows)


def as_parquet(folder: Path, rows: list[dict[str, Any]]) -> None:
    pq.write_table(pa.Table.from_pylist(rows), folder / "a.parquet")


def same(one: Documents, other: Documents) -> bool:
    arrays = (
        (one.labels, other.labels),
        (one.sources, other.sources),
        (one.groups, other.groups),
        (one.cues, other.cues),
    )
    return all(np.array_equal(a, b) for a, b in arrays) and all(
        np.array_equal(a, b) for a, b in zip(one.features, other.features, strict=True)
    )


@pytest.mark.parametrize("write", [as_csv, as_parquet], ids=["csv", "parquet"])
def test_formats_hold_the_same(write: Callable[[Path, list[dict[str, Any]]], None], tmp_path: Path) -> None:
    rows = labelled(rows=6)
    write(tmp_path, rows)
    assert same(read_folder(tmp_path), read_folder(write_rows(tmp_path / "lines", rows)))


def test_labels_may_be_many_none_or_unsure(tmp_path: Path) -> None:
    given = ["GRADING,judge", "", "EVALUATION", "UNSURE", "HARVEST", "SYSTEM_PROMPT"]
    rows = [{"text": f"word{i} more", "labels": labels, "source": "s"} for i, labels in enumerate(given)]
    documents = read_folder(write_rows(tmp_path, rows))
    assert [[LABELS[i] for i in np.flatnonzero(row[:HARVEST_COLUMN])] for row in documents.labels] == [
        ["GRADING", "JUDGE"], [], ["EVALUATION"], [], [], ["SYSTEM_PROMPT"],
    ]  # fmt: skip
    assert documents.labels[:, HARVEST_COLUMN].tolist() == [True, False, False, False, True, False]
    assert documents.unsure.tolist() == [False, False, False, True, False, False]
    assert len(set(documents.groups.tolist())) == len(given)


def test_equal_texts_are_one_group(tmp_path: Path) -> None:
    rows = [
        {"text": text, "labels": "", "source": "s", "group": str(i)}
        for i, text in enumerate(["ka lo mi", "ka lo mi", "ru te"])
    ]
    groups = read_folder(write_rows(tmp_path, rows)).groups
    assert groups[0] == groups[1] != groups[2]


@pytest.mark.parametrize(
    ("row", "message", "where"),
    [
        (
            {"text": "secret words", "labels": "NONSENSE", "source": "s"},
            "there is no label NONSENSE",
            "row 2, column labels",
        ),
        ({"text": "secret words", "labels": ""}, "the column source is missing or empty", "row 2"),
        ({"text": None, "labels": "", "source": "s"}, "the column text is missing or empty", "row 2"),
    ],
)
def test_a_wrong_row_is_named_without_its_words(
    row: dict[str, Any], message: str, where: str, tmp_path: Path
) -> None:
    rows = [{"text": "fine", "labels": "", "source": "s"}, row]
    with pytest.raises(InputError, match=message) as found:
        read_folder(write_rows(tmp_path, rows))
    assert where in found.value.where
    assert "secret" not in str(found.value)


def test_a_damaged_file_and_an_empty_folder_are_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no labelled file"):
        read_folder(tmp_path)
    (tmp_path / "a.parquet").write_bytes(b"not parquet")
    with pytest.raises(InputError, match="cannot be read as PARQUET"):
        read_folder(tmp_path)
