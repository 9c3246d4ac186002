"""Small worlds of sketched prompts for the test of meaning: accounts in cells with habits of their own; no
text, only bits and hashes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stillwatch.heldout.peers import Compared
from stillwatch.heldout.semantic_vectors import SemanticVectors

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
BITS = 64


def semantic_of(words: Ints, key: int) -> int:
    """The sketch of one prompt from its word hashes: signs of 64 projections of its uni- and bigrams, square
    roots of their counts.

    The entries of a gram's projections are the bits of its keyed hash.
    """
    grams, counts = np.unique(
        np.concatenate([_mixed(words, key), _mixed(words[:-1] * 3 + words[1:], key)]), return_counts=True
    )
    signs = (
        2.0 * ((grams[:, None] >> np.arange(BITS, dtype=np.uint64)) & np.uint64(1)).astype(np.float64) - 1.0
    )
    return packed((np.sqrt(counts)[:, None] * signs).sum(axis=0) > 0)


def packed(bits: npt.NDArray[np.bool_]) -> int:
    """64 bits as a signed number, the lowest first."""
    return int(np.packbits(bits, bitorder="little").view(np.int64)[0])


def _mixed(value: Ints, key: int) -> npt.NDArray[np.uint64]:
    x = value.astype(np.uint64) ^ np.uint64(key)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB), (31, 1)):
        x = (x ^ (x >> np.uint64(shift))) * np.uint64(factor)
    return x


@dataclass(frozen=True)
class Habits:
    """Accounts, and the chance that a bit is set in one of their prompts."""

    cell: Ints
    """The cell of each account; four a stratum, eight a region."""
    prompts: Ints
    """Prompts of each."""
    chance: Floats
    """Shape (accounts, 64)."""

    def strata(self) -> pa.Table:
        """account, cell, client (each cell's own), stratum, region."""
        region = pa.array([f"r{number}" for number in self.cell // 8])
        return pa.table(
            {
                "account": np.arange(len(self.cell)),
                "cell": self.cell,
                "client": self.cell,
                "stratum": self.cell // 4,
                "region": region,
            }
        )

    def exchanges(self, rng: np.random.Generator) -> pa.Table:
        """account, meaning of every prompt."""
        account = np.repeat(np.arange(len(self.cell)), self.prompts)
        bits = rng.random((len(account), BITS)) < self.chance[account]
        return pa.table(
            {
                "account": account,
                "semantic": np.packbits(bits, axis=1, bitorder="little").view(np.int64)[:, 0],
            }
        )

    def semantic_vectors(self, rng: np.random.Generator) -> SemanticVectors:
        """The sums over such prompts."""
        return SemanticVectors(
            np.arange(len(self.cell)), self.prompts, rng.binomial(self.prompts[:, None], self.chance)
        )


def habits(rng: np.random.Generator, accounts: int, cells: int) -> Habits:
    """Cells that differ in size, in what is usual and in volume; accounts vary around their cell."""
    cell = np.sort(rng.choice(cells, accounts, p=rng.dirichlet(np.full(cells, 1.5))))
    usual = rng.normal(0.0, 0.5, (cells, BITS)) + rng.normal(0.0, 0.3, BITS)
    own = usual[cell] + rng.normal(0.0, 0.5, (accounts, BITS))
    prompts = np.maximum(rng.lognormal(1.0 + rng.normal(0.0, 1.0, cells)[cell], 1.0), 1.0).astype(np.int64)
    return Habits(cell, prompts, 1.0 / (1.0 + np.exp(-own)))


def with_template(
    world: Habits, group: Ints, rng: np.random.Generator, share: float, likeness: float
) -> Habits:
    """The share of the group's prompts is made with one template: each of its bits is the template's with the
    chance 1/2 + likeness/2.
    """
    chance = world.chance.copy()
    template = 0.5 + likeness * (rng.integers(0, 2, BITS) - 0.5)
    chance[group] = (1.0 - share) * chance[group] + share * template
    return Habits(world.cell, world.prompts, chance)


def group_in(rng: np.random.Generator, world: Habits, size: int, cells: int) -> Ints:
    """Accounts drawn at random within a few cells, at most half of each."""
    counts = np.bincount(world.cell)
    large = np.flatnonzero(counts >= 2 * -(-size // cells))
    chosen = rng.choice(large, min(cells, len(large)), replace=False)
    share = max(size // len(chosen), 1)
    return np.sort(
        np.concatenate(
            [rng.choice(np.flatnonzero(world.cell == one), share, replace=False) for one in chosen]
        )
    )


def compared(cell: Ints, own: Ints) -> Compared:
    """A group and all accounts of its cells, each cell a pool."""
    used = np.unique(cell[own])
    account = np.flatnonzero(np.isin(cell, used))
    at = np.full(int(cell.max()) + 1, -1)
    at[used] = np.arange(len(used))
    return Compared(account, at[cell[account]], np.isin(account, own), cell[account], at)
