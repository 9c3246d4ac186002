"""What each account asks, as one vector: the mean of its prompts' semantic sketches."""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
import numpy.typing as npt
import pyarrow as pa
from ibis import _

from stillwatch.engine import Engine, Table
from stillwatch.heldout.peers import Compared, places

BITS = 64
LANE = 32
"""Two bits are counted in one sum, one in each half of it.

This needs half as many sums, and has room for two thousand million prompts.
"""
STEADY = 5.0
"""Prompts at which an account's mean has a weight of half.

One prompt's sketch varies about five times as much as accounts do.
"""
FAMILIAR = 5.0
"""Outsiders at which a cell's own mean has a weight of half."""
RIDGE = 1.0
"""Mean variance added in every direction before directions are scaled by how much peers vary along them."""

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class SemanticVectors:
    """The accounts' prompts, counted by the bits of their sketches."""

    account: Ints
    """Accounts with sketched prompts, sorted."""
    prompts: Ints
    """Sketched prompts of each."""
    bits: Ints
    """How many of the prompts have each bit set: shape (accounts, 64)."""

    def vectors(self, accounts: Ints) -> tuple[Floats, Floats]:
        """Return the mean signs over 8, shape (accounts, 64), and their weight, 0 to 1; zero without prompts.

        Signs over 8 are random features of the arc-cosine kernel of order 0 (Cho and Saul 2009; Charikar
        2002): their product has the expectation 1 - 2 angle / π. An account counts as at most one, however
        busy it is, and as less with few prompts.
        """
        place, known = places(self.account, accounts)
        vector = np.zeros((len(accounts), BITS))
        n = np.zeros(len(accounts))
        n[known] = self.prompts[place[known]]
        vector[known] = (2.0 * self.bits[place[known]] / n[known, None] - 1.0) / np.sqrt(BITS)
        return vector, n / (n + STEADY)


@dataclass(frozen=True)
class Space:
    """Where a group and its peers are compared.

    Vectors are relative to what is usual, and shortened in the directions in which peers vary most.
    """

    cell: Ints
    """Positions of the cells with compared accounts, sorted."""
    usual: Floats
    """What is usual in each of these cells, and last in all: shape (cells + 1, 64)."""
    scale: Floats
    """Maps differences to the vectors that are compared: shape (64, 64)."""
    spread: Floats
    """Covariance of these vectors: shape (64, 64)."""
    vector: Floats
    """The vectors of all accounts compared: shape (accounts, 64)."""

    def place(self, semantic_vectors: SemanticVectors, accounts: Ints, cell: Ints) -> Floats:
        """Return the vectors of other accounts, from cells at these positions."""
        vector, weight = semantic_vectors.vectors(accounts)
        found, there = places(self.cell, cell)
        usual = self.usual[np.where(there, found, len(self.cell))]
        return np.asarray(((vector - usual) * weight[:, None]) @ self.scale)


def account_semantic_vectors(engine: Engine, exchanges: Table, accounts: Ints | None) -> SemanticVectors:
    """Return the sums over the exchanges of the accounts, or of all accounts, by one query."""
    rows = exchanges.select("account", "semantic").filter(_.semantic.notnull())
    if accounts is not None:
        rows = rows.semi_join(engine.load("compared", pa.table({"account": accounts})), "account")
    pair = (1 << LANE) | 1
    sums = {f"bits_{place}": ((_.semantic >> place) & pair).sum().cast("int64") for place in range(LANE)}
    table = engine.collect(
        engine.create("semantic_vectors", rows.group_by("account").agg(prompts=_.count(), **sums)).order_by(
            "account"
        )
    )
    packed = np.stack([table.column(name).to_numpy() for name in sums], axis=1)
    bits = np.concatenate([packed & (2**LANE - 1), packed >> LANE], axis=1)
    return SemanticVectors(table.column("account").to_numpy(), table.column("prompts").to_numpy(), bits)


def space(semantic_vectors: SemanticVectors, compared: Compared) -> Space:
    """Centre and scale the vectors by all that are compared, the group included, as under the null."""
    vector, weight = semantic_vectors.vectors(compared.account)
    cell, place = np.unique(compared.cell, return_inverse=True)
    usual = _usual(compared, vector, weight, place)
    centred = (vector - usual[place]) * weight[:, None]
    spread = _covariance(centred, _shares(compared))
    level = max(float(np.trace(spread)) / BITS, 1e-12)
    scale = np.linalg.cholesky(np.linalg.inv(spread + RIDGE * level * np.eye(BITS)))
    return Space(cell, usual, scale, scale.T @ spread @ scale, _turned(centred, scale))


def _usual(compared: Compared, vector: Floats, weight: Floats, place: Ints) -> Floats:
    """Return what is usual in each cell, and in all of them.

    That is the pool's mean. Where a pool is several cells, it is the more the cell's own mean, the more
    outsiders the cell holds. What a cell's users are used to is not the group's doing, though the group may
    be most of the cell in a pool of many.
    """
    pool = np.zeros(int(place.max(initial=-1)) + 1, np.int64)
    pool[place] = compared.pool
    outsiders = np.bincount(place[~compared.own], minlength=len(pool))
    believed = (outsiders / (outsiders + FAMILIAR))[:, None]
    cells, pools, every = (
        _means(number, vector, weight) for number in (place, compared.pool, np.zeros_like(place))
    )
    return np.vstack([believed * cells + (1.0 - believed) * pools[pool], every])


def _shares(compared: Compared) -> Floats:
    """Return each account's share: a pool counts by the group's accounts in it, its accounts alike."""
    pools = int(compared.pool.max(initial=-1)) + 1
    own, every = (np.bincount(compared.pool[rows], minlength=pools) for rows in (compared.own, slice(None)))
    return np.asarray((own / np.maximum(every, 1) / max(int(own.sum()), 1))[compared.pool])


# These products of tall matrices have loops of their own. A linear algebra library splits them among threads
# that wait for each other longer than they work, and its sums depend on the number of threads.


@numba.njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _means(number: Ints, vector: Floats, weight: Floats) -> Floats:
    """Return the weighed mean vector of each number."""
    count = number.max() + 1 if len(number) else 0
    sums, total = np.zeros((count, vector.shape[1])), np.full(count, 1e-12)
    for i in range(len(number)):
        total[number[i]] += weight[i]
        for j in range(vector.shape[1]):
            sums[number[i], j] += weight[i] * vector[i, j]
    return sums / total.reshape(-1, 1)


@numba.njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _covariance(vector: Floats, share: Floats) -> Floats:
    """Return the sum of the vectors' outer products, each by its share."""
    width = vector.shape[1]
    result = np.zeros((width, width))
    for i in range(len(vector)):
        for j in range(width):
            part = share[i] * vector[i, j]
            for k in range(width):
                result[j, k] += part * vector[i, k]
    return result


@numba.njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _turned(vector: Floats, scale: Floats) -> Floats:
    """Return vector @ scale."""
    result = np.zeros(vector.shape)
    for i in range(len(vector)):
        for j in range(scale.shape[0]):
            for k in range(scale.shape[1]):
                result[i, k] += vector[i, j] * scale[j, k]
    return result
