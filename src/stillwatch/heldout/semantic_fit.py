"""How well each account's prompts fit those of the rest of a group, next to how well its peers' do."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stillwatch.heldout.peers import Compared, shuffled
from stillwatch.heldout.semantic_vectors import SemanticVectors, Space, space

MOST = 3.0
"""Standard deviations by which a group is taken to differ from its peers, at most."""
CAP = 6.0
"""Nats that one account's prompts may say, for or against."""
PAIRS = 20_000_000
"""Pairs of an account and a peer that are weighed for a group; beyond, fewer peers stand for each pool."""
AT_ONCE = 2_000_000
"""Pairs that are weighed at once, to bound memory."""
EDGES = np.array([0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0])
"""Ranks among the peers, as p-values, between which the density of the group's is estimated."""
ALIKE = 0.05
"""Rank up to which an account counts as alike in meaning, when they are counted."""
PRIOR = 5.0
"""Accounts' worth of the peers' density mixed into the group's."""

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Fit:
    """A group's accounts, each held against the rest of the group and against its peers."""

    account: Ints
    """The group's accounts that were compared, sorted."""
    p_value: Floats
    """Rank of each among its peers by its keys and its prompts' meaning together (conformal)."""
    rank: Floats
    """Its rank by meaning alone."""
    peers: int
    """Peers compared."""


class Likeness:
    """What an account's prompts say for its belonging to a group, in nats: where they lie between the peers
    and the rest of the group.
    """

    def __init__(self, semantic_vectors: SemanticVectors, compared: Compared) -> None:
        self.semantic_vectors, self.compared = semantic_vectors, compared
        self.space: Space = space(semantic_vectors, compared)
        self.own = np.flatnonzero(compared.own)
        vectors = self.space.vector[self.own]
        self.total, self.square = vectors.sum(axis=0), float((vectors * vectors).sum())

    def nats(self, rest: Floats, square: Floats, size: int, vector: Floats) -> Floats:
        """From sums of `size` accounts' vectors, (k, 64), and of their squared lengths, (k,): what it says of
        each vector, (k, others).

        The scores along the rest's mean are taken for normal with the peers' variance. Where they are not,
        power is lost, not validity: an account and its peers are scored by one function, which knows the
        account only as one of all that are compared.
        """
        deviation = np.sqrt(np.maximum(((rest @ self.space.spread) * rest).sum(axis=1), 1e-18))
        alike = ((rest * rest).sum(axis=1) - square) / max(size - 1, 1) / deviation
        apart = np.clip(alike, 0.0, MOST) if size > 1 else np.zeros(len(rest))
        if not apart.any():
            return np.zeros((len(rest), len(vector)))
        score = rest @ vector.T / deviation[:, None]
        return np.asarray(np.clip(apart[:, None] * score - (apart**2 / 2.0)[:, None], -CAP, CAP))

    def of(self, vector: Floats) -> Floats:
        """What the whole group says of accounts outside it."""
        return np.asarray(self.nats(self.total[None], np.array([self.square]), len(self.own), vector)[0])

    def left_out(self, own: Ints, peers: Ints) -> tuple[Floats, Floats]:
        """Each account of the group, itself left out: what is said of it, (own,), and of peers in its place,
        (own, peers).
        """
        vector = self.space.vector[own]
        others = np.vstack([vector, self.space.vector[peers]])
        said = self.nats(
            self.total - vector, self.square - (vector * vector).sum(axis=1), len(self.own) - 1, others
        )
        return np.diagonal(said), said[:, len(own) :]


def fitted(likeness: Likeness, keys: Floats) -> Fit:
    """keys: nats that each compared account's keys say; an account's own left out, a peer's at the most that
    it could be.
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


def ranks_of_others(likeness: Likeness, accounts: Ints, cell: Ints) -> Floats:
    """Rank by meaning of accounts outside the group among the peers of their pool, or among all where their
    cell was not compared.
    """
    compared, placed = likeness.compared, likeness.space
    pool = compared.at[cell]
    said = likeness.of(placed.place(likeness.semantic_vectors, accounts, cell))
    peers, peer_pool = likeness.of(placed.vector[~compared.own]), compared.pool[~compared.own]
    ranks = np.ones(len(accounts))
    for number in np.unique(pool):
        here = pool == number
        ordered = np.sort(peers[peer_pool == number] if number >= 0 else peers)
        ranks[here] = (1.0 + len(ordered) - np.searchsorted(ordered, said[here], side="left")) / (
            1.0 + len(ordered)
        )
    return ranks


def _rank(own: Floats, peers: Floats) -> Floats:
    """Conformal p-values, ties against the account."""
    return np.asarray((1.0 + (peers >= own[:, None]).sum(axis=1)) / (1.0 + peers.shape[1]))


def ranked_nats(ranks: Floats, others: Floats | None = None) -> Floats:
    """Log-likelihood ratio of belonging, from ranks among peers: by the group's density of ranks, which is
    one for the peers.

    The density falls with the rank (Grenander 1956). Without `others`, for the group's own accounts, each
    left out of the density; else for others, whose ranks are given. No rate is estimated: a rank is uniform
    for a peer whatever peers ask.
    """
    counts = np.bincount(_bin(ranks), minlength=len(EDGES)).astype(np.float64)
    if others is not None:
        return np.asarray(_log_density(counts)[_bin(others)])
    own = np.stack([_log_density(counts - (np.arange(len(EDGES)) == place)) for place in range(len(EDGES))])
    return np.asarray(own[_bin(ranks), _bin(ranks)])


def _bin(ranks: Floats) -> Ints:
    return np.asarray(np.searchsorted(EDGES, ranks, side="left").clip(0, len(EDGES) - 1), np.int64)


def _log_density(counts: Floats) -> Floats:
    """Logarithm of the slope of the least concave majorant of the counts' distribution in each bin, held
    within CAP.
    """
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
