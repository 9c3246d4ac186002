"""Small worlds of accounts, cells and content keys for the held-out tests; no text, only keys."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stillwatch.engine import DuckDBEngine

Ints = npt.NDArray[np.int64]
Masks = npt.NDArray[np.bool_]
FACETS = ("head", "parameters", "shingle", "token_shape")


@dataclass(frozen=True)
class World:
    """Accounts in cells, and the content keys they carry."""

    cell: Ints
    """The cell of each account, from 0; a stratum has four cells (clients), a region eight."""
    carried: Masks
    """Which account carries which key: shape (accounts, keys)."""
    client: Ints | None = None
    """The client of each account; None: every cell has its own."""

    def table(self) -> pa.Table:
        """account, cell, client, stratum, region."""
        region = pa.array([f"r{number}" for number in self.cell // 8])
        client = self.cell if self.client is None else self.client
        return pa.table(
            {
                "account": np.arange(len(self.cell)),
                "cell": self.cell,
                "client": client,
                "stratum": self.cell // 4,
                "region": region,
            }
        )

    def strata(self, engine: DuckDBEngine) -> Any:
        """Table strata, as the linkage stage makes it."""
        return engine.load("strata", self.table())

    def held(self, engine: DuckDBEngine) -> Any:
        """Table held, as held_traces makes it."""
        account, key = np.nonzero(self.carried)
        facet = pa.array([FACETS[number] for number in key % len(FACETS)])
        region = pa.array([f"r{number}" for number in self.cell[account] // 8])
        rows = {
            "account": account,
            "key": key.astype(np.int64) * 7 + 3,
            "facet": facet,
            "cell": self.cell[account],
            "region": region,
        }
        return engine.load("held", pa.table(rows))


def null_world(rng: np.random.Generator, accounts: int = 3000, keys: int = 120, cells: int = 16) -> World:
    """Cells of very different size; keys common and rare, some only carried in one cell, one carried by all
    of a cell.
    """
    cell = rng.choice(cells, accounts, p=rng.dirichlet(np.full(cells, 0.7)))
    rates = np.exp(rng.uniform(np.log(0.001), np.log(0.4), keys))[None, :] * np.exp(
        rng.normal(0.0, 1.5, (cells, keys))
    )
    rates[:, : keys // 4] *= rng.random((cells, keys // 4)) < 0.15
    rates[int(np.bincount(cell, minlength=cells).argmax()), 0] = 1.0
    return World(cell, rng.random((accounts, keys)) < np.minimum(rates, 1.0)[cell])


def null_group(rng: np.random.Generator, world: World, size: int, cells: int) -> Ints:
    """Accounts drawn at random within a few cells, at most half of each: whom the null hypothesis speaks
    of.
    """
    large = np.flatnonzero(np.bincount(world.cell) >= 4 * size / cells)
    chosen = rng.choice(large, min(cells, len(large)), replace=False)
    return np.sort(
        np.concatenate(
            [
                rng.choice(np.flatnonzero(world.cell == one), max(size // len(chosen), 1), replace=False)
                for one in chosen
            ]
        )
    )


def members(groups: list[Ints]) -> pa.Table:
    """Table members: group (from 1), account, nats."""
    number = np.repeat(np.arange(1, len(groups) + 1), [len(group) for group in groups])
    account = np.concatenate(groups)
    return pa.table(
        {"group": pa.array(number, pa.int32()), "account": account, "nats": np.full(len(account), 9.0)}
    )
