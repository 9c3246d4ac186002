"""Documents to weights: shared features, balanced logistic regressions, folds that leave sources out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.optimize import minimize

from stillwatch.sketch.intent.folder import Documents
from stillwatch.sketch.intent.reading import buckets_of
from stillwatch.sketch.intent.scoring import DAMPING
from stillwatch.sketch.spans import Hashes

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
SMALLEST_GROUPS = 3
"""A feature of fewer groups is not used, so that one person's words do not change the artefact."""
MOST_FEATURES = 8000
PENALTY = {"harvest": 5e-4, "label": 1e-3}
"""Penalty of the squared weights; the weights of the loss sum to about 4."""
RARITY = {"harvest": 0.05, "label": 0.15}
"""Features are scaled by the share of groups that have them to the power of minus this.

Rarer ones are then penalised less. A label shows in words of its own. A harvest of any kind must be found in
pipelines never seen, so it rests more on common words.
"""
AGAINST = 3.0
"""Weight of all exchanges without a label, compared with those with it.

At a small share of false alarms, ordinary traffic must be known well.
"""
SOURCE_POWER = 0.5
"""A source weighs as the number of its groups to this power, so that no large set dominates a small one."""
DROPPED = 0.4
"""Each document is used twice: as it is, and with this share of its words left out.

So the model does not rely on single words.
"""
STEPS = 80


@dataclass(frozen=True)
class Design:
    """Documents as a matrix."""

    features: Hashes
    """The features in use, in the order of the columns."""
    matrix: Any
    """By document and feature: 1 / sqrt(distinct known features + DAMPING), as a sparse matrix."""
    share: Floats
    """By feature: the share of groups that have it."""


def design(documents: Documents, used: Mask, most: int = MOST_FEATURES) -> Design:
    """Make the matrix of features that at least SMALLEST_GROUPS groups of the used documents have.

    The most shared come first, one to a bucket.
    """
    values = np.concatenate([np.zeros(0, np.uint64), *documents.features])
    rows = np.repeat(np.arange(len(documents)), [len(found) for found in documents.features])
    known, columns = np.unique(values, return_inverse=True)
    numbers = np.unique(documents.groups, return_inverse=True)[1]
    width = int(numbers.max(initial=0)) + 1
    counted = used[rows]
    pairs = np.unique(columns[counted].astype(np.int64) * width + numbers[rows[counted]])
    groups = np.bincount(pairs // width, minlength=len(known))
    chosen = _chosen(known, groups, most)
    place = np.full(len(known), -1)
    place[chosen] = np.arange(len(chosen))
    kept = place[columns] >= 0
    ones = np.ones(int(kept.sum()), np.float64)
    matrix: Any = sparse.csr_matrix(
        (ones, (rows[kept], place[columns[kept]])), shape=(len(documents), len(chosen))
    )
    scale = 1.0 / np.sqrt(np.diff(matrix.indptr) + DAMPING)
    share = np.asarray(groups[chosen] / max(1, len(np.unique(numbers[used]))))
    return Design(known[chosen], (sparse.diags(scale) @ matrix).tocsr(), share)


def _chosen(known: Hashes, groups: npt.NDArray[np.int64], most: int) -> npt.NDArray[np.int64]:
    order = np.lexsort((known, -groups))
    order = order[groups[order] >= SMALLEST_GROUPS]
    _, first = np.unique(buckets_of(known[order]), return_index=True)
    return np.asarray(order[np.sort(first)][:most])


def balance(documents: Documents, positive: Mask, used: Mask) -> Floats:
    """Weigh documents: within a class by source, within a source by group.

    Those with the label sum to 1, those without it to AGAINST.
    """
    weights = np.zeros(len(documents))
    numbers = np.unique(documents.groups, return_inverse=True)[1]
    for side, total in ((used & positive, 1.0), (used & ~positive, AGAINST)):
        part = np.zeros(len(documents))
        part[side] = 1.0 / np.bincount(numbers[side], minlength=len(documents))[numbers[side]]
        for source in np.unique(documents.sources[side]):
            mine = side & (documents.sources == source)
            part[mine] *= part[mine].sum() ** (SOURCE_POWER - 1.0)
        weights += part * (total / part.sum() if part.any() else 0.0)
    return weights


def regress(made: Design, positive: Mask, weights: Floats, kind: str) -> tuple[Floats, float]:
    """Return weights by feature and an intercept: penalised logistic regression by L-BFGS.

    It starts from zero, so that equal input gives equal weights.
    """
    used, penalty = np.flatnonzero(weights), PENALTY[kind]
    rarity = made.share ** -RARITY[kind]
    whole = (made.matrix[used] @ sparse.diags(rarity)).tocsr()
    rows: Any = sparse.vstack([whole, _thinned(whole)]).tocsr()
    columns = rows.T.tocsr()
    goal, weight = np.tile(positive[used].astype(np.float64), 2), np.tile(weights[used] / 2.0, 2)

    def loss(at: Floats) -> tuple[float, Floats]:
        logits = rows @ at[:-1] + at[-1]
        slope = weight * (1.0 / (1.0 + np.exp(-logits)) - goal)
        total = float(
            (weight * (np.logaddexp(0.0, logits) - goal * logits)).sum()
            + 0.5 * penalty * (at[:-1] * at[:-1]).sum()
        )
        return total, np.append(columns @ slope + penalty * at[:-1], slope.sum())

    done: Any = minimize(
        loss, np.zeros(rows.shape[1] + 1), jac=True, method="L-BFGS-B", options={"maxiter": STEPS}
    )
    return np.asarray(done.x[:-1] * rarity), float(done.x[-1])


def _thinned(rows: Any) -> Any:
    thin = rows.copy()
    thin.data *= (np.random.default_rng(0).random(len(thin.data)) >= DROPPED) / np.sqrt(1.0 - DROPPED)
    thin.eliminate_zeros()
    return thin


def folds(documents: Documents, count: int, seed: int) -> npt.NDArray[np.int64]:
    """Return, by document, the fold that leaves it out.

    A source goes out as a whole if all its labels have another source, else group by group.
    """
    chance = np.random.default_rng(seed)
    fold = np.zeros(len(documents), np.int64)
    turn = 0
    for source in np.unique(documents.sources):
        mine = documents.sources == source
        has = documents.labels[mine & ~documents.unsure].any(axis=0)
        others = documents.labels[~mine & ~documents.unsure].any(axis=0)
        if has.any() and not (has & ~others).any():
            fold[mine], turn = turn % count, turn + 1
        else:
            names, numbers = np.unique(documents.groups[mine], return_inverse=True)
            fold[mine] = (chance.permutation(len(names)) % count)[numbers]
    return fold
