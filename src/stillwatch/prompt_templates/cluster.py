"""Fingerprints that imply each other, gathered: on the driver, over a group's few thousand at most."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial.distance import squareform

Int64s = npt.NDArray[np.int64]
PLENTY = 0.2
"""A pair belongs together for certain if each fingerprint is in this share of the other's exchanges.

A frame left as it is gives 1; with one word in ten swapped anew in each request 0.6; with three in ten 0.17.
More adds nothing: a sentence that two templates share must not make up for all the pairs of theirs that never
meet."""
TOGETHER = 0.3
"""Two clusters are one template if their pairs reach this share of what certain ones would give."""


def clusters(counts: Int64s, pairs: Sequence[tuple[int, int, int]]) -> list[list[int]]:
    """Numbers of fingerprints, gathered by average linkage (Sokal and Michener 1958) of the smaller of both
    conditional shares, up to PLENTY.

    `counts` are the exchanges of each fingerprint, `pairs` (one, other, exchanges of both); a pair that is
    not named never stands together. Average linkage, because a sentence that several templates share must not
    make them one, while the values of a slot, which exclude each other, belong to one frame.
    """
    size = len(counts)
    if not pairs:
        return [[i] for i in range(size)]
    one, other, both = np.array(pairs, np.int64).T
    weight = both / np.maximum(counts[one], counts[other])
    near = coo_array((weight, (one, other)), shape=(size, size)).tocsr()
    number, part = connected_components(near, directed=False)
    found: list[list[int]] = []
    for i in range(number):
        members = np.flatnonzero(part == i)
        if len(members) == 1:
            found.append([int(members[0])])
            continue
        close = near[members][:, members].toarray()
        apart = 1.0 - np.minimum((close + close.T) / PLENTY, 1.0)
        np.fill_diagonal(apart, 0.0)
        labels = fcluster(linkage(squareform(apart, checks=False), "average"), 1.0 - TOGETHER, "distance")
        found += [[int(m) for m in members[labels == label]] for label in np.unique(labels)]
    return found
