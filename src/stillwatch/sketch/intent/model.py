"""The trained artefact: a file of hashed weights and, beside it, its card."""

from __future__ import annotations

import hashlib
import io
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from stillwatch.errors import SettingError
from stillwatch.schema.stored import SKETCH_VERSION
from stillwatch.sketch.intent.labels import LABELS
from stillwatch.sketch.intent.scoring import COLUMNS, Packed, packed_of

INTENT_VERSION = 1
"""Version of the artefact's layout."""
FEATURE = np.dtype([("bucket", "<u2"), ("tag", "<u2"), ("weights", "i1", (COLUMNS,))])
"""One feature of the artefact: its place, its tag, its weight for each label."""
WEIGHTS, CARD = "intent.npy", "intent.json"


@dataclass(frozen=True)
class Intent:
    """A trained intent model.

    It holds no words: features are hashes of 14 and 15 bits, and only those of at least three groups.
    """

    labels: tuple[str, ...]
    """The labels, in the order of the weights."""
    thresholds: tuple[float, ...]
    """By label: the probability, at even odds, from which its flag is set."""
    features: npt.NDArray[np.void]
    """Rows of FEATURE, by bucket."""
    scales: npt.NDArray[np.float64]
    """By label: gain, base and threshold of the logit; see scoring.Packed."""
    card: Mapping[str, Any]
    """What it was trained on and how well it does; see docs/intent.md."""

    def document(self) -> dict[str, Any]:
        """Name the model for run.json: its name, and eight digits of the hash of its weights."""
        weights = hashlib.blake2b(self.features.tobytes() + self.scales.tobytes(), digest_size=4).hexdigest()
        return {"name": self.card["name"], "weights": weights}


def packed(intent: Intent) -> Packed:
    """Return the model as arrays for the kernels, without room; see scoring.room_for."""
    return packed_of(
        intent.features["bucket"], intent.features["tag"], intent.features["weights"], intent.scales
    )


@lru_cache(maxsize=4)
def load_intent(path: Path | None = None) -> Intent:
    """Load the shipped model, or the one in a folder.

    Raises SettingError if it is missing, damaged, or made for other sketches.
    """
    if path is not None:
        return _read(path)
    with as_file(files("stillwatch.sketch.intent").joinpath("shipped")) as folder:
        return _read(folder)


def _read(folder: Path) -> Intent:
    try:
        card = json.loads((folder / CARD).read_text(encoding="utf-8"))
        features = np.load(folder / WEIGHTS, allow_pickle=False)
        versions = card["version"], card["sketch_version"]
        scales = np.array([[row["gain"], row["base"], row["logit"]] for row in card["labels"]], np.float64)
        thresholds = tuple(float(row["threshold"]) for row in card["labels"])
        names = tuple(row["label"] for row in card["labels"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SettingError(
            "the intent model cannot be read",
            where=str(folder),
            do=f"it needs {WEIGHTS} and {CARD}: train it again",
        ) from error
    if versions != (INTENT_VERSION, SKETCH_VERSION) or names != LABELS or features.dtype != FEATURE:
        raise SettingError(
            f"the intent model is of version {versions[0]} for sketches of version {versions[1]}, not "
            f"{INTENT_VERSION} for {SKETCH_VERSION}",
            where=str(folder),
            do="train it again: stillwatch intent train FOLDER",
        )
    return Intent(names, thresholds, features, scales, card)


def save_intent(intent: Intent, folder: Path) -> None:
    """Write both files of a model; the card last, so that a half-written model is never read."""
    folder.mkdir(parents=True, exist_ok=True)
    data = io.BytesIO()
    np.save(data, intent.features, allow_pickle=False)
    for name, content in (
        (WEIGHTS, data.getvalue()),
        (CARD, (json.dumps(intent.card, indent=1, ensure_ascii=False) + "\n").encode()),
    ):
        aside = folder / f".{name}.part"
        aside.write_bytes(content)
        os.replace(aside, folder / name)
