"""The marks of a campaign that are its own, and which accounts carry them later."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute

from stillwatch.registry import FACETS
from stillwatch.run.reading import Run

pc: Any = pyarrow.compute
Ints = npt.NDArray[np.int64]
FAMILIES = ("content", "identity", "network", "software")
"""Families whose marks can be carried on; those of time cannot."""
CARRIERS = 3
"""Accounts of a campaign that carry a mark, at least; what two share, two of thousands share by chance."""
CONTENT = "content"
MOMENT = pa.timestamp("us")


@dataclass(frozen=True)
class Marks:
    """Marks that are a campaign's own."""

    keys: Mapping[str, Ints]
    """Keys by family, in order."""


@dataclass(frozen=True)
class Carried:
    """Who carries marks in a run: one row for each account and key."""

    account: Ints
    key: Ints
    family: Ints
    """Number in FAMILIES."""

    def of(self, marks: Marks) -> dict[str, Carried]:
        """The rows with these marks, by family."""
        found = {}
        for number, family in enumerate(FAMILIES):
            found[family] = self._kept(np.isin(self.key, marks.keys[family]) & (self.family == number))
        return found

    def _kept(self, rows: npt.NDArray[np.bool_]) -> Carried:
        return Carried(self.account[rows], self.key[rows], self.family[rows])


def own_marks(run: Run, members: Mapping[int, Ints], own_share: float) -> dict[int, Marks]:
    """Return the marks of each group of accounts that hardly anybody else carries.

    members: account numbers by group. own_share: share of a mark's carriers that must be in the group.
    """
    carried = _carried(run, accounts=_all(members.values()))
    keys, count = np.unique(carried.key, return_counts=True)
    keys = keys[count >= CARRIERS]
    carried = _carried(run, keys=keys)
    place = np.searchsorted(keys, carried.key)
    total = np.bincount(place, minlength=len(keys))
    family = np.zeros(len(keys), np.int64)
    family[place] = carried.family
    found = {}
    for group, accounts in members.items():
        here = np.bincount(place[np.isin(carried.account, accounts)], minlength=len(keys))
        own = (here >= CARRIERS) & (here >= own_share * total)
        found[group] = Marks({name: keys[own & (family == number)] for number, name in enumerate(FAMILIES)})
    return found


def carriers(run: Run, marks: Iterable[Marks]) -> Carried:
    """Return who carries any of these marks in a run."""
    return _carried(run, keys=_all(keys for one in marks for keys in one.keys.values()))


def _all(parts: Iterable[Ints]) -> Ints:
    return np.unique(np.concatenate([np.zeros(0, np.int64), *parts]))


def _carried(run: Run, *, accounts: Ints | None = None, keys: Ints | None = None) -> Carried:
    """Rows of table traces, each account and key once. accounts, keys: only these, where they are given."""
    names = [name for name, facet in FACETS.all().items() if facet.family in FAMILIES]
    numbers = np.array([FAMILIES.index(FACETS.all()[name].family) for name in names], np.int64)
    parts: list[tuple[Ints, Ints, Ints]] = [(np.zeros(0, np.int64),) * 3]
    for batch in run.batches("traces", ["account", "key", "facet"]):
        account, key = batch["account"].to_numpy(), batch["key"].to_numpy()
        place = pc.fill_null(pc.index_in(batch["facet"], value_set=pa.array(names)), -1).to_numpy()
        kept = place >= 0
        if accounts is not None:
            kept &= np.isin(account, accounts)
        if keys is not None:
            kept &= np.isin(key, keys)
        if kept.any():
            parts.append((account[kept], key[kept], numbers[place[kept]]))
    account, key, family = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.lexsort((key, account))
    account, key, family = account[order], key[order], family[order]
    fresh = np.ones(len(account), bool)
    fresh[1:] = (account[1:] != account[:-1]) | (key[1:] != key[:-1])
    return Carried(account[fresh], key[fresh], family[fresh])
