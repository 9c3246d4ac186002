"""How well each account's prompts fit those of the rest of a group, compared with its peers' prompts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stillwatch.heldout.peers import Compared, shuffled
from stillwatch.heldout.semantic_vectors import SemanticVectors, Space, space

MOST = 3.0
"""A group differs from its peers by at most so many standard deviations."""
CAP = 6.0
"""Nats that one account's prompts may count, for or against."""
PAIRS = 20_000_000
"""Pairs of an account and a peer that are weighed for a group; beyond this, fewer peers are used."""
AT_ONCE = 2_000_000
"""Pairs that are weighed at once, to bound memory."""
EDGES = np.array([0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0])
"""Ranks among the peers, as p-values, between which the density of the group's ranks is estimated."""
ALIKE = 0.05
"""Rank up to which an account counts as alike in meaning."""
PRIOR = 5.0
"""Accounts' worth of the peers' density that is mixed into the group's."""

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Fit:
    """A group's accounts, each compared with the rest of the group and with its peers."""

    account: Ints
    """The group's accounts that were compared, sorted."""
    p_value: Floats
    """Rank of each among its peers, by its keys and its prompts' meaning together (conformal)."""
    rank: Floats
    """Rank of each by meaning alone."""
    peers: int
    """Number of peers compared."""


class Likeness:
    """The evidence of an account's prompts for a group, in nats: are they nearer the peers or the group?"""

    def __init__(self, semantic_vectors: SemanticVectors, compared: Compared) -> None:
        self.semantic_vectors, self.compared = semantic_vectors, compared
        self.space: Space = space(semantic_vectors, compared)
        self.own = np.flatnonzero(compared.own)
        vectors = self.space.vector[self.own]
        self.total, self.square = vectors.sum(axis=0), float((vectors * vectors).sum())

    def nats(self, rest: Floats, square: Floats, size: int, vector: Floats) -> Floats:
        """Return the evidence of each vector, shape (k, others), from sums over `size` accounts.

        The sums are of vectors, (k, 64), and of their squared lengths, (k,). Scores along the mean of the
        rest are taken as normal with the peers' variance. Where they are not, this costs power, not validity:
        an account and its peers are scored by one function, which treats the account as any of those
        compared.
        """
        deviation = np.sqrt(np.maximum(((rest @ self.space.spread) * rest).sum(axis=1), 1e-18))
        alike = ((rest * rest).sum(axis=1) - square) / max(size - 1, 1) / deviation
        apart = np.clip(alike, 0.0, MOST) if size > 1 else np.zeros(len(rest))
        if not apart.any():
            return np.zeros((len(rest), len(vector)))
        score = rest @ vector.T / deviation[:, None]
        return np.asarray(np.clip(apart[:, None] * score - (apart**2 / 2.0)[:, None], -CAP, CAP))

    def of(self, vector: Floats) -> Floats:
        """Return the evidence of the whole group for accounts outside it."""
        return np.asarray(self.nats(self.total[None], np.array([self.square]), len(self.own), vector)[0])

    def left_out(self, own: Ints, peers: Ints) -> tuple[Floats, Floats]:
        """Nats of each account, itself left out, (own,), and of peers in its place, (own, peers)."""
        vector = self.space.vector[own]
        others = np.vstack([vector, self.space.vector[peers]])
        said = self.nats(
            self.total - vector, self.square - (vector * vector).sum(axis=1), len(self.own) - 1, others
        )
        return np.diagonal(said), said[:, len(own) :]


def fitted(likeness: Likeness, keys: Floats) -> Fit:
    """Rank each account of the group among its peers.

    keys: nats from each compared account's keys: a member's with itself left out, a peer's the most that they
    could be.
    """
    compared = likeness.compared
    joint, alone = np.ones(len(likeness.own)), np.ones(len(likeness.own))
    for number in range(int(compared.pool.max(initial=-1)) + 1):
        inside = np.flatnonzero(compared.pool == number)
        peers = inside[~compared.own[inside]]
        places = np.flatnonzero(compared.pool[likeness.own] == number)
        peers = peers[np.argsort(shuffled(compared.account[peers], 0))][
            : max(PAIRS // max(len(likeness.own), 1), 1)
        ]
        step = max(AT_ONCE // (len(peers) + 1) // 4, 1)
        for start in range(0, len(places), step):
            some = places[start : start + step]
            own = likeness.own[some]
            said, theirs = likeness.left_out(own, peers)
            alone[some] = _rank(said, theirs)
            joint[some] = _rank(said + keys[own], theirs + keys[peers])
    return Fit(compared.account[likeness.own], joint, alone, int((~compared.own).sum()))


@dataclass(frozen=True)
class Keys:
    """What keys count besides meaning, where accounts outside a group are ranked."""

    own: Floats
    """Nats of the accounts that are ranked."""
    compared: Floats
    """Nats of each compared account."""
    peers: npt.NDArray[np.bool_]
    """Which compared accounts may be peers."""


def ranks_of_others(likeness: Likeness, accounts: Ints, cell: Ints, keys: Keys | None = None) -> Floats:
    """Return the ranks of accounts outside the group among the peers of their pool: by meaning, or with keys.

    Where their cell was not compared, they are ranked among all peers.
    """
    compared, placed = likeness.compared, likeness.space
    pool = compared.at[cell]
    said = likeness.of(placed.place(likeness.semantic_vectors, accounts, cell))
    outside = ~compared.own
    if keys is not None:
        outside, said = outside & keys.peers, said + keys.own
    peers, peer_pool = likeness.of(placed.vector[outside]), compared.pool[outside]
    if keys is not None:
        peers = peers + keys.compared[outside]
    ranks = np.ones(len(accounts))
    for number in np.unique(pool):
        here = pool == number
        ordered = np.sort(peers[peer_pool == number] if number >= 0 else peers)
        ranks[here] = (1.0 + len(ordered) - np.searchsorted(ordered, said[here], side="left")) / (
            1.0 + len(ordered)
        )
    return ranks


def _rank(own: Floats, peers: Floats) -> Floats:
    """Return conformal p-values; ties count against the claim."""
    return np.asarray((1.0 + (peers >= own[:, None]).sum(axis=1)) / (1.0 + peers.shape[1]))


def ranked_nats(ranks: Floats, others: Floats | None = None) -> Floats:
    """Return the log-likelihood ratio of belonging, from ranks among peers: the group's density of ranks.

    The density is one for the peers, and for the group it falls with the rank (Grenander 1956). Without
    `others` the result is for the group's own accounts, each left out of the density; with them it is for the
    accounts with these ranks. No rate is estimated: a peer's rank is uniform whatever peers ask.
    """
    counts = np.bincount(_bin(ranks), minlength=len(EDGES)).astype(np.float64)
    if others is not None:
        return np.asarray(_log_density(counts)[_bin(others)])
    own = np.stack([_log_density(counts - (np.arange(len(EDGES)) == place)) for place in range(len(EDGES))])
    return np.asarray(own[_bin(ranks), _bin(ranks)])


def _bin(ranks: Floats) -> Ints:
    return np.asarray(np.searchsorted(EDGES, ranks, side="left").clip(0, len(EDGES) - 1), np.int64)


def _log_density(counts: Floats) -> Floats:
    """Return the log slope of the least concave majorant of the counts' distribution per bin, within CAP."""
    counts = np.maximum(counts, 0.0)
    width = np.diff(EDGES, prepend=0.0)
    below = np.append(0.0, np.cumsum(counts + PRIOR * width) / (counts.sum() + PRIOR))
    edges = np.append(0.0, EDGES)
    slope = np.empty(len(EDGES))
    at = 0
    while at < len(EDGES):
        steep = (below[at + 1 :] - below[at]) / (edges[at + 1 :] - edges[at])
        end = at + 1 + int(np.flatnonzero(steep >= steep.max() - 1e-12)[-1])
        slope[at:end] = steep.max()
        at = end
    return np.asarray(np.clip(np.log(slope), -CAP, CAP))
