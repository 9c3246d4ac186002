"""A small labelled folder made of made-up words, for the tests of the intent model; no text of anybody."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

TELLING = {
    "GRADING": ["brulo", "dastik", "merun"],
    "REASONING": ["opalt", "wirdo", "sagen"],
    "EVALUATION": ["nuffa", "cormel", "tipso"],
}
FILLER = [
    f"{a}{b}"
    for a in ("ka", "lo", "mi", "ru", "te")
    for b in ("ban", "dor", "fin", "gul", "hen", "jim", "kol", "nav")
]


def labelled(canary: str = "zarthok", rows: int = 24, sources: int = 3) -> list[dict[str, Any]]:
    """Rows of a folder: three labels with telling words, as many ordinary ones; one row holds a word that no
    other has.
    """
    chance = np.random.default_rng(7)
    made: list[dict[str, Any]] = []
    for label in (*TELLING, ""):
        for i in range(rows):
            words = [*chance.choice(FILLER, 20), *TELLING.get(label, [])]
            chance.shuffle(words)
            text = " ".join(str(word) for word in words)
            made.append(
                {
                    "text": text,
                    "labels": [label] if label else [],
                    "source": f"set{i % sources}{label[:1]}",
                    "group": f"g{i // 2}",
                }
            )
    made[-1]["text"] += f" {canary} {canary}"
    return made


def write_rows(folder: Path, rows: Sequence[dict[str, Any]], name: str = "a.jsonl") -> Path:
    """A folder with one JSONL file."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return folder
