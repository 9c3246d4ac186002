"""The prompts' meaning as held-out evidence: an e-value for each group, ranks and nats for its accounts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stillwatch.campaigns.account_test import account_fit, by_group
from stillwatch.campaigns.compared import Compared
from stillwatch.campaigns.meaning_fit import Fit, Likeness, ranked_nats, ranks_of_others
from stillwatch.campaigns.meaning_test import meaning_log_e
from stillwatch.campaigns.meanings import Meanings, account_meanings
from stillwatch.campaigns.pools import Cells, places
from stillwatch.engine import Engine

MOST_READ = 0.5
"""Share of all accounts above which everybody's exchanges are read: finding the right ones would cost
more.
"""

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Meant:
    """What the prompts' meaning says of groups and accounts."""

    seen: bool
    """Whether any prompt of those compared was sketched."""
    log_e: dict[int, float]
    """Natural logarithm of each group's e-value by meaning alone; empty where nothing was seen."""
    fits: dict[int, Fit]
    """How each group's accounts rank among their peers; by their keys alone where no meaning was seen."""
    nats: dict[int, tuple[Ints, Floats]]
    """For each group, its accounts and those near it (sorted), and what their prompts' meaning says for
    belonging, in nats.
    """

    def p_values(self) -> dict[tuple[int, int], float]:
        """(group, account) -> p-value of the account alone."""
        return {
            (group, int(account)): float(p)
            for group, fit in self.fits.items()
            for account, p in zip(fit.account, fit.p_value, strict=True)
        }

    def of(self, group: int, accounts: Ints) -> Floats:
        """Nats of a group's accounts; 0 where nothing is known."""
        if group not in self.nats:
            return np.zeros(len(accounts))
        known, nats = self.nats[group]
        place, there = places(known, accounts)
        return np.where(there, nats[place], 0.0)


NOTHING = Meant(False, {}, {}, {})
"""Where no prompt was sketched and no account ranked."""


def held_meaning(
    engine: Engine,
    exchanges: Any | None,
    cells: Cells,
    compared: dict[int, Compared],
    ranked: dict[int, Compared],
    scores: dict[int, pa.Table],
    near: pa.Table | None,
) -> Meant:
    """compared: each group with its peers; ranked: the same for its accounts alone; scores: what keys say of
    accounts, by group.
    """
    close = _close(near, set(ranked))
    meanings = _read(
        engine,
        exchanges,
        cells,
        [*(item.account for side in (compared, ranked) for item in side.values()), *close.values()],
    )
    seen = len(meanings.account) > 0
    fits: dict[int, Fit] = {}
    nats: dict[int, tuple[Ints, Floats]] = {}
    for group, who in ranked.items():
        likeness = Likeness(meanings, who)
        fits[group] = account_fit(likeness, scores.get(group))
        if seen:
            nats[group] = _nats(likeness, fits[group], close.get(group, np.zeros(0, np.int64)), cells)
    return Meant(
        seen,
        {group: meaning_log_e(meanings, who) for group, who in compared.items()} if seen else {},
        fits,
        nats,
    )


def _close(near: pa.Table | None, groups: set[int]) -> dict[int, Ints]:
    """The accounts near each group."""
    if near is None or near.num_rows == 0:
        return {}
    return {
        group: table.column("account").to_numpy()
        for group, table in by_group(near.sort_by("group")).items()
        if group in groups
    }


def _read(engine: Engine, exchanges: Any | None, cells: Cells, wanted: list[Ints]) -> Meanings:
    """The meanings of the accounts wanted; none where there are no sketches or nothing is asked."""
    accounts = np.unique(np.concatenate(wanted)) if wanted else np.zeros(0, np.int64)
    if exchanges is None or len(accounts) == 0:
        return Meanings(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros((0, 64), np.int64))
    return account_meanings(
        engine, exchanges, accounts if len(accounts) <= MOST_READ * len(cells.account) else None
    )


def _nats(likeness: Likeness, fit: Fit, close: Ints, cells: Cells) -> tuple[Ints, Floats]:
    """Of the group's accounts, each left out of what it is held against, and of those near it."""
    others = np.setdiff1d(close, fit.account)
    ranks = ranks_of_others(likeness, others, cells.homes(others))
    both = np.concatenate([fit.account, others])
    nats = np.concatenate([ranked_nats(fit.rank), ranked_nats(fit.rank, ranks)])
    order = np.argsort(both)
    return both[order], np.round(nats[order], 6)
