"""The peers of a group's accounts: those of their cell, or of a wider cell where the group fills its own.

Where peers are too many, a sample of them is used.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stillwatch.schema.keyed import mix

LEAST_PEERS = 1_000
"""Outsiders of a pool that are compared, if it has so many."""
PEERS_EACH = 4
"""Outsiders that are compared for each account of the group in the pool, if that is more."""
LEAST_IN_ALL = 50_000
"""Outsiders of all pools of a group that are compared, if it has so many.

A group in more than LEAST_IN_ALL / LEAST_PEERS pools has fewer from each.
"""
FEW_PEERS = 50
"""Outsiders of a pool that are compared however many pools there are."""

CLIENT = 1
"""The level of Cells.within at which cells of one client are pooled."""

Ints = npt.NDArray[np.int64]


def places(known: Ints, wanted: Ints) -> tuple[Ints, npt.NDArray[np.bool_]]:
    """Return the position of each wanted number among the known, sorted ones, and whether it is there.

    The position of one that is not there has no meaning.
    """
    if not len(known):
        return np.zeros(len(wanted), np.int64), np.zeros(len(wanted), np.bool_)
    place = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
    return place, np.asarray(known[place] == wanted)


@dataclass(frozen=True)
class Cells:
    """The cells of peers, in the order of their numbers, and the larger parts that hold them."""

    cell: Ints
    """Their numbers, sorted."""
    accounts: Ints
    """Accounts in each."""
    within: tuple[Ints, ...]
    """For each level, the number of the part that each cell belongs to.

    The levels are the cell itself, its client, its stratum, its region, and everyone.
    """
    account: Ints
    """Every account, sorted."""
    home: Ints
    """The position of each account's cell."""

    def homes(self, accounts: Ints) -> Ints:
        """Return the positions of the accounts' cells."""
        return np.asarray(self.home[np.searchsorted(self.account, accounts)], np.int64)

    def own(self, accounts: Ints) -> Ints:
        """Return how many of the accounts are in each cell."""
        return np.asarray(np.bincount(self.homes(accounts), minlength=len(self.cell)), np.int64)


def cells_of(strata: pa.Table) -> Cells:
    """Make the cells from one row per account (account, cell, client, stratum, region), in any order.

    A cell without a client is alone at the client's level.
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


def pooled(cells: Cells, own: Ints, least: int, share: float, same_client: int | None = None) -> Pools:
    """Partition the cells; the result depends only on `own`, the group's accounts in each cell.

    A cell is a pool if it holds enough outsiders: `least`, and `share` for each account of the group. Other
    cells are pooled with the cells of their client elsewhere, since strangers with one tool have its prompts
    and defaults in common wherever they are. If those hold too few outsiders, they are pooled with the cells
    of their stratum, else of their region, else with all that are left. same_client: outsiders that are
    enough where cells are pooled by their client; None: `least`.
    """
    pool = np.full(len(own), -1, np.int64)
    alone = np.zeros(len(own), np.bool_)
    started = 0
    for level, place in enumerate(cells.within):
        free = pool < 0
        parts = int(place.max(initial=-1)) + 1
        inside = np.bincount(place[free], own[free], parts)
        outside = np.bincount(place[free], (cells.accounts - own)[free], parts)
        wanted = least if level != CLIENT or same_client is None else same_client
        enough = outside >= np.maximum(wanted, share * inside)
        chosen = free & ((inside > 0) & (enough | (level == len(cells.within) - 1)))[place]
        pool[chosen] = started + place[chosen]
        alone |= chosen & (level == 0)
        started += parts
    pool[pool < 0] = started
    return Pools(np.asarray(np.unique(pool, return_inverse=True)[1], np.int64), alone)


@dataclass(frozen=True)
class Compared:
    """A group's accounts and the sample of their peers."""

    account: Ints
    """The accounts, sorted."""
    pool: Ints
    """The pool of each account, from 0; each pool holds accounts of the group."""
    own: npt.NDArray[np.bool_]
    """Which accounts are the group's."""
    cell: Ints
    """The position of each account's cell."""
    at: Ints
    """The pool of each cell; -1 for a cell in none."""


@dataclass(frozen=True)
class Sampler:
    """Draws the same peers for every group, so that they are read once."""

    cells: Cells
    """The cells of peers."""

    @cached_property
    def _ordered(self) -> tuple[Ints, Ints]:
        """Positions of all accounts, by cell and shuffled within it, and where each cell starts."""
        order = np.lexsort((shuffled(self.cells.account, 0), self.cells.home))
        return order, np.append(0, np.cumsum(self.cells.accounts))

    def compared(self, accounts: Ints, number: Ints, tested: npt.NDArray[np.bool_]) -> Compared:
        """Return the group's accounts in the tested cells, and the first shuffled outsiders of each pool.

        number: the pool of each cell. tested: the cells whose accounts of the group are tested. Under the
        null hypothesis the group is a draw from the accounts compared, since the sample does not depend on
        what anybody asked.
        """
        order, start = self._ordered
        own = np.sort(accounts[tested[self.cells.homes(accounts)]])
        mine = np.bincount(number[self.cells.homes(own)], minlength=int(number.max(initial=-1)) + 1)
        pools = np.flatnonzero(mine)
        least = max(min(LEAST_PEERS, LEAST_IN_ALL // max(len(pools), 1)), FEW_PEERS)
        wanted = np.where(mine > 0, np.maximum(least, PEERS_EACH * mine), 0)
        # The first outsiders of a pool are among the first of each of its cells.
        taken = np.minimum(np.where(mine > 0, wanted + mine, 0)[number], self.cells.accounts)
        cell = np.repeat(np.arange(len(number)), taken)
        within = np.arange(len(cell)) - np.repeat(np.cumsum(taken) - taken, taken)
        others = self.cells.account[order[start[cell] + within]]
        outside = ~np.isin(others, accounts)
        others, pool = others[outside], number[cell[outside]]
        ranked = np.lexsort((shuffled(others, 0), pool))
        others, pool = others[ranked], pool[ranked]
        kept = np.arange(len(pool)) - np.searchsorted(pool, pool) < wanted[pool]
        every = np.concatenate([own, others[kept]])
        sort = np.argsort(every)
        renumbered = np.full(len(mine), -1, np.int64)
        renumbered[pools] = np.arange(len(pools))
        at = renumbered[number]
        homes = self.cells.homes(every[sort])
        return Compared(every[sort], at[homes], (np.arange(len(every)) < len(own))[sort], homes, at)


def shuffled(account: Ints, turn: int) -> npt.NDArray[np.uint64]:
    """Return a number for each account to sort by; each turn has other numbers."""
    return mix(account.astype(np.uint64), np.array([turn + 1], np.uint64))
