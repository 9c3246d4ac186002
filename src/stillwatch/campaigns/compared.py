"""Which accounts stand for a group's peers where all of them would be too many: a sample that depends on
nothing they asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from stillwatch.campaigns.pools import Cells
from stillwatch.schema.keyed import mix

LEAST_PEERS = 1_000
"""Outsiders of a pool that are compared, where it has so many."""
PEERS_EACH = 4
"""Outsiders that are compared for each account of the group in the pool, where that is more."""
LEAST_IN_ALL = 50_000
"""Outsiders of all pools of a group that are compared, where it has so many: a group in more than
LEAST_IN_ALL / LEAST_PEERS pools has fewer from each.
"""
FEW_PEERS = 50
"""Outsiders of a pool that are compared however many pools there are."""

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Compared:
    """A group's accounts and the sample of their peers."""

    account: Ints
    """The accounts, sorted."""
    pool: Ints
    """The pool of each, from 0; each holds accounts of the group."""
    own: npt.NDArray[np.bool_]
    """Which are the group's."""
    cell: Ints
    """The position of the cell of each."""
    at: Ints
    """The pool of each cell; -1 for cells that are in none."""


@dataclass(frozen=True)
class Sampler:
    """Draws the same peers for every group, so that they are read once."""

    cells: Cells
    """The cells of peers."""

    @cached_property
    def _ordered(self) -> tuple[Ints, Ints]:
        """Positions of all accounts by cell and shuffled within it, and where each cell starts."""
        order = np.lexsort((shuffled(self.cells.account, 0), self.cells.home))
        return order, np.append(0, np.cumsum(self.cells.accounts))

    def compared(self, accounts: Ints, number: Ints, tested: npt.NDArray[np.bool_]) -> Compared:
        """The group's accounts in the tested cells, and the first outsiders of each pool in the shuffled
        order.

        number: the pool of each cell; tested: the cells whose accounts of the group are tested. Under the
        null hypothesis the group is a draw from what is compared, since whom the sample leaves out, and how
        many, does not depend on what anybody asked.
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
    """A number for each account, another for each turn, to sort by."""
    return mix(account.astype(np.uint64), np.array([turn + 1], np.uint64))
