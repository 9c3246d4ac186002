"""Sets of accounts that overlap become one group."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Owners = tuple[Ints, Ints]
"""Accounts that declare an owner, sorted, and the owner of each."""
OWNED = 0.5
"""If one declared owner has this share of a set's accounts, or of a key's carriers, it explains them."""
SHARED = 3
"""Accounts that two sets must share before they may be one group."""


def parted(
    anchors: Ints, accounts: Ints, keys: Ints, smallest: int, held: Bools, hubs: Bools
) -> tuple[Ints, Ints, Ints]:
    """Split the accounts of each anchor into sets that a chain of shared keys joins: (set, anchor, account).

    Rows are (anchor, account, key, whether the key is held, whether the anchor is a hub). Without this, four
    offices behind one subnet, each with a mail domain of its own, would be one group. Sets that held keys
    join, of `smallest` accounts or more, are places of their own: neither a moment nor what is of one kind
    joins two of them. All else is joined by keys of any sort, and small pieces by the anchor itself if it
    is a hub. Sets below `smallest` accounts are dropped; sets are numbered from 0.
    """
    if len(anchors) == 0:
        return np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.int64)
    people, person = np.unique(np.stack([anchors, accounts], axis=1), axis=0, return_inverse=True)
    marks, mark = np.unique(np.stack([anchors, keys], axis=1), axis=0, return_inverse=True)
    person, mark = person.ravel(), len(people) + mark.ravel()
    nodes = len(people) + len(marks)
    piece = _components(person[held], mark[held], nodes)[: len(people)]
    _, piece, size = np.unique(piece, return_inverse=True, return_counts=True)
    place, tied = size[piece] >= smallest, size[piece] >= 2
    _, hub = np.unique(anchors, return_inverse=True)
    free, through = ~place[person], hubs & (tied & ~place)[person]
    part = _components(
        np.concatenate([person[free], person[through]]),
        np.concatenate([mark[free], nodes + hub[through]]),
        nodes + len(anchors),
    )[: len(people)]
    part = np.where(place, len(part) + nodes + len(anchors) + piece, part)
    _, number, size = np.unique(part, return_inverse=True, return_counts=True)
    kept = size[number] >= smallest
    return np.asarray(number[kept], np.int64), people[kept, 0], people[kept, 1]


def _components(one: Ints, other: Ints, nodes: int) -> Ints:
    """Return the number of each node's component."""
    edges = coo_array((np.ones(len(one)), (one, other)), shape=(nodes, nodes))
    return np.asarray(connected_components(edges, directed=False)[1], np.int64)


def merged(sets: Ints, accounts: Ints, overlap: float, *, of_smaller: bool) -> Ints:
    """Return, for each row (set, account), the number of its group, from 0.

    Sets are joined if they share `overlap` of their union, or of the smaller one. Deterministic: groups are
    numbered by their smallest set. The cost grows with the square of the number of sets that each account is
    in.
    """
    if len(sets) == 0:
        return np.zeros(0, np.int64)
    _, row = np.unique(sets, return_inverse=True)
    _, column = np.unique(accounts, return_inverse=True)
    incidence = csr_array((np.ones(len(row), np.int64), (row, column)))
    incidence.sum_duplicates()
    incidence.data[:] = 1
    shared = coo_array(incidence @ incidence.T)
    size: Ints = np.asarray(incidence.sum(axis=1), np.int64).ravel()
    smaller = np.minimum(size[shared.row], size[shared.col])
    whole = smaller if of_smaller else size[shared.row] + size[shared.col] - shared.data
    keep = (shared.data >= np.maximum(overlap * whole, np.minimum(SHARED, smaller))) & (
        shared.row < shared.col
    )
    return _components(
        np.asarray(shared.row[keep], np.int64), np.asarray(shared.col[keep], np.int64), len(size)
    )[row]


def serious(accounts: Ints, nats: Ints, share: float) -> Bools:
    """Mark the rows (a set's claim on an account) with at least `share` of the account's best evidence."""
    return nats >= share * _best(accounts, nats)


def best_claims(accounts: Ints, nats: Ints, groups: Ints) -> Ints:
    """Return the positions of the rows that claim each account most; ties go to the lowest group."""
    order = np.lexsort((groups, -nats, accounts))
    return np.asarray(order[np.unique(accounts[order], return_index=True)[1]], np.int64)


def discounted_owners(sets: Ints, accounts: Ints, nats: Ints, owners: Owners) -> Ints:
    """Return the weight of each claim (a row: set, account, nats): its evidence, or half of it.

    It is half where one declared owner explains the set. Colleagues share network, mail domain and card
    openly, so this says little against a stranger who uses the key of one of them. A set is explained if
    OWNED of the accounts that it claims most declare one owner.
    """
    known, owner = owners
    best = best_claims(accounts, nats, sets)
    place = np.searchsorted(known, accounts[best])
    declares = np.isin(accounts[best], known)
    names, sizes = np.unique(sets[best], return_counts=True)
    pairs, count = np.unique(
        np.stack([sets[best][declares], owner[place[declares]]], axis=1), axis=0, return_counts=True
    )
    explained = pairs[count >= OWNED * sizes[np.searchsorted(names, pairs[:, 0])], 0]
    return np.where(np.isin(sets, explained), nats // 2, nats)


def outweighed(accounts: Ints, weights: Ints, explained: Bools) -> Bools:
    """Mark the claims of explained sets on accounts that another set claims with more weight."""
    return explained & (weights < _best(accounts, np.where(explained, np.iinfo(np.int64).min, weights)))


def _best(accounts: Ints, values: Ints) -> Ints:
    """Return, for each row, the largest value of its account."""
    _, place = np.unique(accounts, return_inverse=True)
    best = np.full(len(accounts), np.iinfo(np.int64).min)
    np.maximum.at(best, place, values)
    return best[place]
