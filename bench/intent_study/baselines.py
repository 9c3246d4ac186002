"""What the intent model has to beat: keywords of the training sources, cue lists, nearest neighbour.

The neighbour is by hashed n-grams.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from stillwatch.sketch.intent.fit import Design, Floats, Mask
from stillwatch.sketch.intent.folder import Documents
from stillwatch.sketch.intent.labels import BITS, HARVESTS, LABELS

KEYWORDS = 40
"""Words and pairs of words kept for each label."""


def keywords(documents: Documents, made: Design, used: Mask) -> Floats:
    """Return, by document, how many of the most telling words and pairs it has.

    They are chosen for each label by their log-odds ratio over groups (Monroe, Colaresi and Quinn 2008,
    section 3.3, with a flat prior). A group counts once, so that no template counts twelve times.
    """
    has: Any = (made.matrix > 0).astype(np.float64)
    plain = used & ~documents.labels.any(axis=1)
    rest = _groups(has, documents, plain)
    chosen: set[int] = set()
    for column, label in enumerate(LABELS):
        if label not in HARVESTS:
            continue
        mine, total, n = _groups(has, documents, used & documents.labels[:, column]), 0.5, 1.0
        odds = np.log((mine[0] + total) / (mine[1] - mine[0] + n)) - np.log(
            (rest[0] + total) / (rest[1] - rest[0] + n)
        )
        spread = np.sqrt(1.0 / (mine[0] + total) + 1.0 / (rest[0] + total))
        chosen |= set(np.argsort(-odds / spread, kind="stable")[:KEYWORDS].tolist()) if mine[1] else set()
    return np.asarray(has[:, sorted(chosen)].sum(axis=1)).ravel()


def _groups(has: Any, documents: Documents, among: Mask) -> tuple[Floats, int]:
    names, numbers = np.unique(documents.groups[among], return_inverse=True)
    rows: Any = sparse.csr_matrix(
        (np.ones(len(numbers)), (numbers, np.arange(len(numbers)))), shape=(len(names), len(numbers))
    )
    return np.asarray(((rows @ has[among]) > 0).sum(axis=0)).ravel().astype(np.float64), len(names)


def cue_lists(documents: Documents) -> npt.NDArray[np.float64]:
    """Return, by document, how many kinds of harvest its cues support."""
    harvests = [bit for bit, label in zip(BITS, LABELS, strict=True) if bit and label in HARVESTS]
    return np.asarray(np.sum([(documents.cues & bit) > 0 for bit in harvests], axis=0), np.float64)


def nearest(documents: Documents, made: Design, used: Mask, out: Mask) -> Floats:
    """By document of `out`, the cosine to the nearest harvest of training less that to the nearest other.

    The cosine is over words and pairs weighed by rarity.
    """
    has: Any = (made.matrix > 0).astype(np.float64)
    weight = np.log((1.0 + used.sum()) / (1.0 + np.asarray(has[used].sum(axis=0)).ravel()))
    rows = has @ sparse.diags(weight)
    length = np.sqrt(np.asarray(rows.multiply(rows).sum(axis=1)).ravel())
    rows = (sparse.diags(1.0 / np.maximum(length, 1e-9)) @ rows).tocsr()
    harvest = documents.labels[:, -1]
    scores = np.zeros(len(documents))
    scores[out] = _closest(rows[out], rows[used & harvest]) - _closest(rows[out], rows[used & ~harvest])
    return scores


def _closest(asked: Any, known: Any) -> Floats:
    found = [
        np.asarray((asked[at : at + 500] @ known.T).max(axis=1).todense()).ravel()
        for at in range(0, asked.shape[0], 500)
    ]
    return np.concatenate(found)
