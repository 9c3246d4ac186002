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
PLACE = 0.25
"""Share of an anchor's accounts that makes a held key a place: an office's address, a school's network."""
APART = 0.1
"""Two places are one if the smaller shares more than this part of its accounts with the other …"""
TIED = 0.5
"""… or if more than this part of its accounts has another held key in common with accounts of the other."""


def parted(
    anchors: Ints, accounts: Ints, keys: Ints, smallest: int, held: Bools, hubs: Bools
) -> tuple[Ints, Ints, Ints]:
    """Split the accounts of each anchor into sets that a chain of shared keys joins: (set, anchor, account).

    Rows are (anchor, account, key, whether the key is held, whether the anchor is a hub). Without this, four
    offices behind one subnet, each with a mail domain of its own, would be one group. Sets that held keys
    join, of `smallest` accounts or more, are places of their own: neither a moment nor what is of one kind
    joins two of them, nor do a few accounts that happen to have a network in common besides, as pupils of
    two schools have at home. All else is joined by keys of any sort, and small pieces by the anchor itself
    if it is a hub. Sets below `smallest` accounts are dropped; sets are numbered from 0.
    """
    if len(anchors) == 0:
        return np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.int64)
    people, person = np.unique(np.stack([anchors, accounts], axis=1), axis=0, return_inverse=True)
    marks, mark = np.unique(np.stack([anchors, keys], axis=1), axis=0, return_inverse=True)
    person, mark = person.ravel(), len(people) + mark.ravel()
    nodes = len(people) + len(marks)
    binding = held & ~_bridges(person, mark - len(people), people[:, 0], marks[:, 0], held, smallest)
    piece = _components(person[binding], mark[binding], nodes)[: len(people)]
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


def _bridges(
    person: Ints, mark: Ints, anchor_of: Ints, anchor_of_mark: Ints, held: Bools, smallest: int
) -> Bools:
    """Mark the rows (person, mark) that would join places which are apart.

    anchor_of: the anchor of each person; anchor_of_mark: of each mark. An account of a place keeps its ties
    to that place alone, where its anchor has another place that is apart from it.
    """
    bridge = np.zeros(len(person), np.bool_)
    carriers = np.bincount(mark[held], minlength=len(anchor_of_mark))
    _, number, size = np.unique(anchor_of, return_inverse=True, return_counts=True)
    whole = dict(zip(anchor_of.tolist(), size[number].tolist(), strict=True))
    least = np.maximum(smallest, PLACE * np.array([whole[anchor] for anchor in anchor_of_mark.tolist()]))
    places = np.flatnonzero(carriers >= least)
    for anchor in np.unique(anchor_of_mark[places]).tolist():
        own = places[anchor_of_mark[places] == anchor]
        if len(own) > 1:
            bridge |= _bridges_of(person, mark, held, own)
    return bridge


def _bridges_of(person: Ints, mark: Ints, held: Bools, places: Ints) -> Bools:
    """The same at one anchor. places: its marks that are places."""
    inside = [np.unique(person[held & (mark == place)]) for place in places.tolist()]
    rest = held & ~np.isin(mark, places)
    near = np.array([[_one_place(a, b, person[rest], mark[rest]) for b in inside] for a in inside])
    one, other = np.nonzero(near)
    clusters = _components(one.astype(np.int64), other.astype(np.int64), len(places))
    if len(np.unique(clusters)) < 2:
        return np.zeros(len(person), np.bool_)
    # The place of an account is the cluster of the largest of its places.
    order = np.argsort([len(accounts) for accounts in inside], kind="stable")
    home = np.full(int(person.max()) + 1, -1, np.int64)
    for number in order.tolist():
        home[inside[number]] = clusters[number]
    cluster_of = np.full(int(mark.max()) + 1, -1, np.int64)
    cluster_of[places] = clusters
    return np.asarray(held & (home[person] >= 0) & (cluster_of[mark] != home[person]), np.bool_)


def _one_place(one: Ints, other: Ints, person: Ints, mark: Ints) -> bool:
    """Return whether two places are one. one, other: their accounts; person, mark: the other held keys."""
    small, large = sorted((one, other), key=len)
    if len(np.intersect1d(small, large, assume_unique=True)) > APART * len(small):
        return True
    across = np.isin(mark, mark[np.isin(person, large)])
    return len(np.intersect1d(small, person[across])) > TIED * len(small)


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
