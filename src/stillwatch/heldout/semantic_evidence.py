"""The prompts' meaning as held-out evidence: an e-value for each group, ranks and nats for its accounts."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stillwatch.engine import Engine, Table
from stillwatch.heldout.account_scores import account_fit, close_fit
from stillwatch.heldout.peers import Cells, Compared, places
from stillwatch.heldout.semantic_bets import semantic_log_e
from stillwatch.heldout.semantic_fit import ALIKE, Fit, Likeness, ranked_nats, ranks_of_others
from stillwatch.heldout.semantic_vectors import SemanticVectors, account_semantic_vectors
from stillwatch.schema.table import schema_of

MOST_READ = 0.5
"""Above this share of all accounts, everybody's exchanges are read: selecting would cost more."""

LIKENESS = schema_of(group=pa.int32(), nats=pa.float64(), alike=pa.int64(), elsewhere=pa.int64())
"""How alike in meaning the prompts of a group's accounts are.

`nats` is the mean for one account. `alike` and `elsewhere` count accounts in the group and outside it that
are nearer than all but the nearest 5 % of peers.
"""

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class SemanticEvidence:
    """The evidence of the prompts' meaning for groups and accounts."""

    seen: bool
    """Whether any prompt of the accounts compared was sketched."""
    log_e: dict[int, float]
    """Natural logarithm of each group's e-value by meaning alone; empty where nothing was seen."""
    fits: dict[int, Fit]
    """How each group's accounts rank among their peers; by their keys alone where no meaning was seen."""
    nats: dict[int, tuple[Ints, Floats]]
    """For each group, its accounts and those near it (sorted), and their evidence from meaning in nats."""
    p_close: dict[tuple[int, int], float] = field(default_factory=dict)
    """(group, account): p-values of the accounts close to a group."""

    def p_values(self) -> dict[tuple[int, int], float]:
        """Return (group, account) -> p-value of the account alone."""
        return self.p_close | {
            (group, int(account)): float(p)
            for group, fit in self.fits.items()
            for account, p in zip(fit.account, fit.p_value, strict=True)
        }

    def of(self, group: int, accounts: Ints) -> Floats:
        """Return the nats of a group's accounts; 0 where nothing is known."""
        if group not in self.nats:
            return np.zeros(len(accounts))
        known, nats = self.nats[group]
        place, there = places(known, accounts)
        return np.where(there, nats[place], 0.0)

    def likeness(self, members: pa.Table) -> pa.Table:
        """Return LIKENESS of the ranked groups in members (group, account); empty where nothing was seen."""
        group, account = members.column("group").to_numpy(), members.column("account").to_numpy()
        rows = []
        for name in np.unique(group):
            fit = self.fits.get(int(name)) if self.seen else None
            if fit is None:
                continue
            own = account[group == name]
            rows.append(
                {
                    "group": int(name),
                    "nats": float(self.of(int(name), own).mean()),
                    "alike": int((fit.rank[np.isin(fit.account, own)] <= ALIKE).sum()),
                    "elsewhere": int(ALIKE * fit.peers),
                }
            )
        return pa.Table.from_pylist(rows, schema=LIKENESS)


NOTHING = SemanticEvidence(False, {}, {}, {})
"""The evidence where no prompt was sketched and no account ranked."""


def semantic_evidence(
    engine: Engine,
    exchanges: Table | None,
    cells: Cells,
    compared: dict[int, Compared],
    ranked: dict[int, Compared],
    scores: dict[int, pa.Table],
    close: dict[int, Ints],
) -> SemanticEvidence:
    """Compute the evidence of the prompts' meaning.

    compared: each group with its peers. ranked: the same for ranking its accounts. scores: what keys count
    for accounts, by group. close: accounts close to each group.
    """
    semantic_vectors = _read(
        engine,
        exchanges,
        cells,
        [*(item.account for side in (compared, ranked) for item in side.values()), *close.values()],
    )
    seen = len(semantic_vectors.account) > 0
    fits: dict[int, Fit] = {}
    p_close: dict[tuple[int, int], float] = {}
    nats: dict[int, tuple[Ints, Floats]] = {}
    for group, who in ranked.items():
        likeness = Likeness(semantic_vectors, who)
        fits[group] = account_fit(likeness, scores.get(group))
        beside = close.get(group, np.zeros(0, np.int64))
        p_values = close_fit(likeness, scores.get(group), beside, cells.homes(beside))
        p_close |= {(group, int(a)): float(p) for a, p in zip(beside, p_values, strict=True)}
        if seen:
            nats[group] = _nats(likeness, fits[group], beside, cells)
    return SemanticEvidence(
        seen,
        {group: semantic_log_e(semantic_vectors, who) for group, who in compared.items()} if seen else {},
        fits,
        nats,
        p_close,
    )


def _read(engine: Engine, exchanges: Table | None, cells: Cells, wanted: list[Ints]) -> SemanticVectors:
    """Read the meanings of the accounts wanted; none where there are no sketches or nothing is wanted."""
    accounts = np.unique(np.concatenate(wanted)) if wanted else np.zeros(0, np.int64)
    if exchanges is None or len(accounts) == 0:
        return SemanticVectors(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros((0, 64), np.int64))
    return account_semantic_vectors(
        engine, exchanges, accounts if len(accounts) <= MOST_READ * len(cells.account) else None
    )


def _nats(likeness: Likeness, fit: Fit, close: Ints, cells: Cells) -> tuple[Ints, Floats]:
    """Return the nats of the group's accounts, each left out of its own comparison, and of those near it."""
    others = np.setdiff1d(close, fit.account)
    ranks = ranks_of_others(likeness, others, cells.homes(others))
    both = np.concatenate([fit.account, others])
    nats = np.concatenate([ranked_nats(fit.rank), ranked_nats(fit.rank, ranks)])
    order = np.argsort(both)
    return both[order], np.round(nats[order], 6)
