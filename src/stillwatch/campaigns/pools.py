"""Who a group's accounts are compared with: their cell of peers, or more of the world where the group fills
its cell.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Ints = npt.NDArray[np.int64]


def places(known: Ints, wanted: Ints) -> tuple[Ints, npt.NDArray[np.bool_]]:
    """Where each wanted number stands among the known, sorted ones, and whether it does; the place of one
    that does not says nothing.
    """
    if not len(known):
        return np.zeros(len(wanted), np.int64), np.zeros(len(wanted), np.bool_)
    place = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
    return place, np.asarray(known[place] == wanted)


@dataclass(frozen=True)
class Cells:
    """The cells of peers, in the order of their numbers, and what they are part of."""

    cell: Ints
    """Their numbers, sorted."""
    accounts: Ints
    """Accounts in each."""
    within: tuple[Ints, ...]
    """For each level from the cell itself over its client, its stratum and its region to everyone, the number
    of the part that each cell belongs to.
    """
    account: Ints
    """Every account, sorted."""
    home: Ints
    """The position of each account's cell."""

    def homes(self, accounts: Ints) -> Ints:
        """The positions of the cells of accounts."""
        return np.asarray(self.home[np.searchsorted(self.account, accounts)], np.int64)

    def own(self, accounts: Ints) -> Ints:
        """How many of the accounts are in each cell."""
        return np.asarray(np.bincount(self.homes(accounts), minlength=len(self.cell)), np.int64)


def cells_of(strata: pa.Table) -> Cells:
    """From one row an account (account, cell, client, stratum, region), in any order; cells without a client
    are alone at its level.
    """
    ordered = strata.sort_by("account")
    cell, first, home = np.unique(ordered.column("cell").to_numpy(), return_index=True, return_inverse=True)
    client: Any = (
        ordered.column("client").combine_chunks().dictionary_encode().indices.fill_null(-1).to_numpy()[first]
    )
    client = np.where(client < 0, -1 - np.arange(len(cell)), client)
    stratum: Any = ordered.column("stratum").to_numpy()[first]
    region: Any = ordered.column("region").combine_chunks().dictionary_encode().indices.to_numpy()[first]
    within = tuple(
        np.unique(part, return_inverse=True)[1].astype(np.int64)
        for part in (cell, client, stratum, region, np.zeros_like(cell))
    )
    return Cells(
        cell, np.bincount(home, minlength=len(cell)), within, ordered.column("account").to_numpy(), home
    )


@dataclass(frozen=True)
class Pools:
    """A partition of the cells; the accounts of one pool are compared with each other."""

    number: Ints
    """The pool of each cell, from 0."""
    alone: npt.NDArray[np.bool_]
    """Whether a cell is a pool by itself."""


def pooled(cells: Cells, own: Ints, least: int, share: float) -> Pools:
    """A partition that depends on nothing but `own`, the group's accounts in each cell.

    A cell is a pool where it holds outsiders enough: `least`, and `share` for each account of the group. The
    others are pooled with the cells of their client elsewhere, since strangers with one tool have its prompts
    and defaults in common wherever they are; or else with those of their stratum, or of their region, or with
    all that are left.
    """
    pool = np.full(len(own), -1, np.int64)
    alone = np.zeros(len(own), np.bool_)
    started = 0
    for level, place in enumerate(cells.within):
        free = pool < 0
        parts = int(place.max(initial=-1)) + 1
        inside = np.bincount(place[free], own[free], parts)
        outside = np.bincount(place[free], (cells.accounts - own)[free], parts)
        enough = outside >= np.maximum(least, share * inside)
        chosen = free & ((inside > 0) & (enough | (level == len(cells.within) - 1)))[place]
        pool[chosen] = started + place[chosen]
        alone |= chosen & (level == 0)
        started += parts
    pool[pool < 0] = started
    return Pools(np.asarray(np.unique(pool, return_inverse=True)[1], np.int64), alone)
