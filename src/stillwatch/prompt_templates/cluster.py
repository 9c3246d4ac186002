"""Cluster fingerprints that imply each other: on the driver, at most a few thousand per group."""

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
"""A pair surely belongs together if each fingerprint is in this share of the other's exchanges.

An unchanged frame gives 1. With one word in ten swapped anew in each request it gives 0.6, with three in ten
0.17. A larger share adds nothing: a sentence that two templates share must not make up for all their pairs
that never meet.
"""
TOGETHER = 0.3
"""Two clusters are one template if their pairs reach this share of what sure pairs would give."""


def clusters(counts: Int64s, pairs: Sequence[tuple[int, int, int]]) -> list[list[int]]:
    """Number the clusters of fingerprints, made by average linkage (Sokal and Michener 1958).

    The likeness of a pair is the smaller of both conditional shares, up to PLENTY. `counts` are the exchanges
    of each fingerprint, `pairs` are (one, other, exchanges of both); a pair that is not there never occurs
    together. Average linkage is used because a sentence that several templates share must not merge them,
    while the values of a slot, which exclude each other, belong to one frame.
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
