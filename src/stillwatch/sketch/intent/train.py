"""A labelled folder to a model with its card: fit, calibrate on what was held out, round to bytes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from stillwatch.errors import InputError
from stillwatch.sketch.intent.calibrate import FALSE_SHARE, auroc, platt, rate, threshold
from stillwatch.sketch.intent.card import LabelCard, SourceRate, card_of
from stillwatch.sketch.intent.fit import Design, Floats, Mask, balance, design, folds, regress
from stillwatch.sketch.intent.folder import Documents, read_folder
from stillwatch.sketch.intent.labels import HARVEST, LABELS
from stillwatch.sketch.intent.model import FEATURE, Intent
from stillwatch.sketch.intent.reading import buckets_of, flagged, tags_of

FOLDS = 5
FEWEST_GROUPS = 5
"""A label with fewer groups is not learnt: its flag is never set."""
NEVER = (0.0, -30.0, 30.0)
"""Gain, base and threshold of a label that was not learnt."""


@dataclass(frozen=True)
class Learnt:
    """One label's regression."""

    weights: Floats
    """By feature."""
    intercept: float
    """Added to the sum."""


def train(folder: Path, seed: int = 0, step: Callable[[str], None] = lambda _: None) -> Intent:
    """Train a model from a labelled folder; the same folder and seed give the same bytes.

    Raises InputError for what cannot be read or learnt.
    """
    step("reading the folder")
    return train_documents(read_folder(folder), seed, step)


def train_documents(
    documents: Documents, seed: int = 0, step: Callable[[str], None] = lambda _: None
) -> Intent:
    """Train a model from documents."""
    used = ~documents.unsure
    plain = used & ~documents.labels.any(axis=1)
    groups = [
        len(np.unique(documents.groups[used & documents.labels[:, column]])) for column in range(len(LABELS))
    ]
    wanted = [column for column, count in enumerate(groups) if count >= FEWEST_GROUPS]
    if not wanted or len(np.unique(documents.groups[plain])) < FEWEST_GROUPS:
        raise InputError(
            "there is too little to learn from",
            do=f"give at least {FEWEST_GROUPS} groups with a label and as many without any",
        )
    held = held_out(documents, wanted, folds(documents, FOLDS, seed), step)
    step("fitting the whole")
    made = design(documents, used)
    learnt = {column: learn(documents, made, column, used) for column in wanted}
    table = np.array(
        [
            calibrated(documents, held[:, column], column, used) if column in learnt else NEVER
            for column in range(len(LABELS))
        ]
    )
    hits = flagged(table[:, 0] * held + table[:, 1], table[:, 2], documents.cues)
    cards = [
        _judged(documents, held[:, column], hits[:, column], column, table[column, 2])
        if column in learnt
        else LabelCard.of_nothing(label)
        for column, label in enumerate(LABELS)
    ]
    features, rounding = _rounded(made, learnt)
    for column, one in learnt.items():
        table[column, 1] += table[column, 0] * one.intercept
    table[:, 0] *= rounding
    return Intent(
        LABELS,
        tuple(card.threshold for card in cards),
        features,
        table,
        card_of(documents, cards, table, len(features), seed),
    )


def learn(documents: Documents, made: Design, column: int, used: Mask) -> Learnt:
    """Fit one label's regression on the used documents."""
    positive = documents.labels[:, column]
    return Learnt(*regress(made, positive, balance(documents, positive, used), _kind(column)))


def held_out(
    documents: Documents,
    columns: list[int],
    fold: npt.NDArray[np.int64],
    step: Callable[[str], None],
    used: Mask | None = None,
) -> npt.NDArray[np.float64]:
    """Return, by document and label, the score from a model that never saw its fold."""
    within = ~documents.unsure if used is None else used & ~documents.unsure
    scores = np.zeros((len(documents), len(LABELS)))
    for number in range(int(fold.max()) + 1):
        step(f"held out: {number + 1} of {int(fold.max()) + 1}")
        seen, out = within & (fold != number), fold == number
        made = design(documents, seen)
        for column in columns:
            one = learn(documents, made, column, seen)
            scores[out, column] = made.matrix[out] @ one.weights + one.intercept
    return scores


def calibrated(documents: Documents, scores: Floats, column: int, used: Mask) -> tuple[float, float, float]:
    """Return slope, intercept and the logit from which the flag is set, from held-out scores."""
    positive = documents.labels[used, column]
    slope, intercept = platt(
        scores[used], positive, balance(documents, documents.labels[:, column], used)[used]
    )
    plain = used & ~documents.labels.any(axis=1)
    least = threshold(scores[plain], balance(documents, ~plain, plain)[plain], FALSE_SHARE[_kind(column)])
    return slope, intercept, slope * least + intercept


def _kind(column: int) -> str:
    return "harvest" if LABELS[column] == HARVEST else "label"


def _judged(documents: Documents, scores: Floats, hits: Mask, column: int, least: float) -> LabelCard:
    used = ~documents.unsure
    positive = used & documents.labels[:, column]
    plain = used & ~documents.labels.any(axis=1)
    return LabelCard(
        LABELS[column],
        float(1.0 / (1.0 + np.exp(-least))),
        auroc(scores[positive], scores[plain]),
        rate(hits[positive], documents.groups[positive]),
        rate(hits[plain], documents.groups[plain]),
        sorted({str(source) for source in documents.sources[positive]}),
        int(positive.sum()),
        _by_source(documents, hits, positive),
    )


def _by_source(documents: Documents, hits: Mask, among: Mask) -> list[SourceRate]:
    found = []
    for source in np.unique(documents.sources[among]):
        mine = among & (documents.sources == source)
        one = rate(hits[mine], documents.groups[mine])
        found.append(SourceRate(str(source), one.share, one.groups))
    return found


def _rounded(made: Design, learnt: dict[int, Learnt]) -> tuple[npt.NDArray[np.void], Floats]:
    rounding = np.zeros(len(LABELS))
    table = np.zeros(len(made.features), FEATURE)
    table["bucket"], table["tag"] = buckets_of(made.features), tags_of(made.features)
    for column, one in learnt.items():
        rounding[column] = max(float(np.abs(one.weights).max(initial=0.0)), 1e-9) / 127.0
        table["weights"][:, column] = np.rint(one.weights / rounding[column]).astype(np.int8)
    return np.sort(table[table["weights"].any(axis=1)], order="bucket"), rounding
