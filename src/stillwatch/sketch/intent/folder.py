"""A labelled folder to documents: hashed features, labels, sources, groups.

Words are dropped as soon as they are read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv
import pyarrow.json
import pyarrow.parquet as pq

from stillwatch.errors import InputError
from stillwatch.sketch.intent.labels import HARVEST_COLUMN, HARVESTS, LABELS, UNSURE
from stillwatch.sketch.intent.reading import cues_of, features_of, masked_of
from stillwatch.sketch.spans import Hashes

NEEDED = ("text", "labels", "source")
OPTIONAL = ("system", "group", "licence")
NOTHING: Hashes = np.zeros(0, np.uint64)
READERS: dict[str, Any] = {
    ".parquet": pq.read_table,
    ".jsonl": pyarrow.json.read_json,
    ".csv": pyarrow.csv.read_csv,
}


@dataclass(frozen=True)
class Documents:
    """Labelled exchanges without their words."""

    features: tuple[Hashes, ...]
    """By exchange: its distinct features, ascending."""
    labels: npt.NDArray[np.bool_]
    """By exchange and label of labels.LABELS."""
    sources: npt.NDArray[np.str_]
    """By exchange: the pipeline or set it comes from."""
    groups: npt.NDArray[np.str_]
    """By exchange: what must stay together, a template or one person's prompt; never printed."""
    licences: dict[str, str]
    """By source: its licence."""
    unsure: npt.NDArray[np.bool_]
    """By exchange: whether it is left out of training, as neither for nor against."""
    cues: npt.NDArray[np.int64]
    """By exchange: bits of the flags that its cues support."""

    def __len__(self) -> int:
        return len(self.features)


def read_folder(folder: Path) -> Documents:
    """Read all JSONL, CSV and Parquet files of a folder, in the order of their names.

    Raises InputError with file, row and column.
    """
    paths = sorted(path for path in folder.glob("*") if path.suffix in READERS) if folder.is_dir() else []
    if not paths:
        raise InputError(
            "there is no labelled file",
            where=str(folder),
            do="give a folder with .jsonl, .csv or .parquet files; see docs/intent.md",
        )
    seen: dict[tuple[str | None, str], str] = {}
    rows = [
        (*row[:3], seen.setdefault((row[5], row[6]), row[3]), row[4], cues_of(row[5], row[6]))
        for path in paths
        for row in _rows(path)
    ]
    features, labels, sources, groups, licences, cues = zip(*rows, strict=True)
    marks = np.array([[name in row for name in LABELS] for row in labels], np.bool_)
    marks[:, HARVEST_COLUMN] |= [not HARVESTS.isdisjoint(row) for row in labels]
    by_source = {source: licence for source, licence in zip(sources, licences, strict=True) if licence}
    unsure = np.array([UNSURE in row for row in labels], np.bool_)
    return Documents(
        features, marks, np.array(sources), np.array(groups), by_source, unsure, np.array(cues, np.int64)
    )


def _rows(path: Path) -> Iterator[tuple[Hashes, set[str], str, str, str, str | None, str]]:
    for number, row in enumerate(_table(path), start=1):
        where = f"{path}, row {number}"
        for name in NEEDED:
            if name not in row or (row[name] is None and name != "labels"):
                raise InputError(
                    f"the column {name} is missing or empty",
                    where=where,
                    do=f"each row needs {', '.join(NEEDED)}",
                )
        given = row["labels"] or []
        labels = {
            label.strip().upper()
            for label in (given.split(",") if isinstance(given, str) else given)
            if label.strip()
        }
        if wrong := labels - {*LABELS, UNSURE}:
            raise InputError(
                f"there is no label {sorted(wrong)[0]}",
                where=f"{where}, column labels",
                do=f"use some of {', '.join(LABELS)}, or none",
            )
        system, text = row.get("system") or None, str(row["text"])
        parts = (masked_of(system, system=True) if system else NOTHING, masked_of(text))
        source = str(row["source"])
        group = f"{source}/{row['group'] if row.get('group') else where}"
        yield features_of(parts), labels, source, group, str(row.get("licence") or ""), system, text


def _table(path: Path) -> list[dict[str, Any]]:
    try:
        table: pa.Table = READERS[path.suffix](path)
    except (pa.ArrowInvalid, OSError) as error:
        raise InputError(
            f"the file cannot be read as {path.suffix[1:].upper()}",
            where=str(path),
            do="mend it or take it out",
        ) from error
    kept = [name for name in table.column_names if name in (*NEEDED, *OPTIONAL)]
    rows: list[dict[str, Any]] = table.select(kept).to_pylist()
    return rows
