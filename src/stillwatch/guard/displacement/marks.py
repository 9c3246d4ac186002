"""The marks of a campaign that are its own, and which accounts carry them later."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stillwatch.registry import FACETS
from stillwatch.run.reading import Run

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

    def all(self) -> Ints:
        """All of them, in order."""
        return np.unique(np.concatenate([np.zeros(0, np.int64), *self.keys.values()]))


@dataclass(frozen=True)
class Carried:
    """Who carries marks in a run: one row for each account and key."""

    account: Ints
    key: Ints
    first: npt.NDArray[np.datetime64]
    """When the account first carried it."""


def families() -> dict[str, str]:
    """Return the family of each facet whose marks are looked at."""
    return {name: facet.family for name, facet in FACETS.all().items() if facet.family in FAMILIES}


def own_marks(run: Run, members: Mapping[int, Ints], own_share: float) -> dict[int, Marks]:
    """Return the marks of each group of accounts that hardly anybody else carries.

    members: account numbers by group. own_share: share of a mark's carriers that must be in the group.
    """
    of = families()
    everyone = np.unique(np.concatenate([np.zeros(0, np.int64), *members.values()]))
    candidates: dict[str, Ints] = {}
    for family in FAMILIES:
        carried = _carried(run, [name for name in of if of[name] == family], accounts=everyone)
        keys, count = np.unique(carried.key, return_counts=True)
        candidates[family] = keys[count >= CARRIERS]
    found: dict[int, dict[str, Ints]] = {group: {} for group in members}
    for family, keys in candidates.items():
        carried = _carried(run, [name for name in of if of[name] == family], keys=keys)
        place = np.searchsorted(keys, carried.key)
        total = np.bincount(place, minlength=len(keys))
        for group, accounts in members.items():
            here = np.bincount(place[np.isin(carried.account, accounts)], minlength=len(keys))
            found[group][family] = keys[(here >= CARRIERS) & (here >= own_share * total)]
    return {group: Marks(keys) for group, keys in found.items()}


def carriers(run: Run, marks: Marks) -> dict[str, Carried]:
    """Return who carries marks in a run, by family."""
    of = families()
    return {
        family: _carried(run, [name for name in of if of[name] == family], keys=keys)
        for family, keys in marks.keys.items()
    }


def _carried(
    run: Run, facets: list[str], *, accounts: Ints | None = None, keys: Ints | None = None
) -> Carried:
    """Rows of table traces, each account and key once. accounts, keys: only these, where they are given."""
    parts: list[tuple[Any, Any, Any]] = []
    for batch in run.batches("traces", ["account", "key", "facet", "first"]):
        account, key = batch["account"].to_numpy(), batch["key"].to_numpy()
        kept = np.isin(batch["facet"].to_numpy(zero_copy_only=False), facets)
        if accounts is not None:
            kept &= np.isin(account, accounts)
        if keys is not None:
            kept &= np.isin(key, keys)
        if kept.any():
            first = batch["first"].cast(MOMENT).to_numpy(zero_copy_only=False)
            parts.append((account[kept], key[kept], first[kept]))
    if not parts:
        empty = np.zeros(0, np.int64)
        return Carried(empty, empty, np.zeros(0, "datetime64[us]"))
    account, key, first = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.lexsort((first, key, account))
    account, key, first = account[order], key[order], first[order]
    fresh = np.ones(len(account), bool)
    fresh[1:] = (account[1:] != account[:-1]) | (key[1:] != key[:-1])
    return Carried(account[fresh], key[fresh], first[fresh])
