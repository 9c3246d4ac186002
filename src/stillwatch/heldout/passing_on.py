"""Test groups that hand conversations on: do these go to the group more often than to anybody?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from ibis import _
from scipy.special import logsumexp
from scipy.stats import binom

from stillwatch.engine import Engine, Table

STAKES = np.array([0.05, 0.2, 0.5, 0.8, 0.95])
"""Shares of the winnings that the bets stake on the next conversation."""
FILLED = 0.8
"""A group with more than this share of its clients' accounts or turns is compared with everyone."""

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Passes = tuple[Ints, Bools, Bools]
NOTHING: Passes = (np.zeros((2, 0), np.int64), np.zeros(0, np.bool_), np.zeros(0, np.bool_))
"""The conversations of a group that has part in none."""


@dataclass(frozen=True)
class Passing:
    """What the test half says about one group."""

    log_e: float
    """Natural logarithm of its e-value."""
    p_values: dict[int, float]
    """Of each of its accounts."""
    wider: bool
    """Whether it was compared with everyone."""


def passing_on(
    engine: Engine, exchanges: Table, handed: Table, halves: Table, strata: Table, members: pa.Table
) -> dict[int, Passing]:
    """Return the test of each group in members (group, account). handed, halves: tables of linkage."""
    if not members.num_rows:
        return {}
    inside = engine.load("passing_members", members.select(["group", "account"]))
    chances = _chances(engine, exchanges, halves, strata, inside)
    passes = _passes(engine, handed, inside)
    group, account = members.column("group").to_numpy(), members.column("account").to_numpy()
    found = {}
    for name in np.unique(group):
        chance, wider = chances[int(name)]
        own = np.sort(account[group == name])
        ends, both, new = passes.get(int(name), NOTHING)
        found[int(name)] = Passing(
            bet(int(both[new].sum()), int(new.sum()), chance), _p_values(own, ends, both, chance), wider
        )
    return found


def bet(inside: int, conversations: int, chance: float) -> float:
    """Return the log e-value: each conversation that stays inside multiplies a stake s by 1 + s (1/p - 1),
    each that leaves by 1 - s.

    Its mean is at most one where each goes inside with a chance of at most p, whatever went before: a product
    of such bets, and the mean over stakes.
    """
    won, lost = np.log1p(STAKES * (1.0 / chance - 1.0)), np.log1p(-STAKES)
    grown = inside * won + (conversations - inside) * lost
    return float(np.round(logsumexp(grown) - np.log(len(STAKES)), 6))


def _p_values(own: Ints, ends: Ints, both: Bools, chance: float) -> dict[int, float]:
    """For each account the larger of two chances: that so many of the conversations that it leaves stay
    inside, and so many of those that it takes on. 1 for an account that does not do both.

    ends: giver and taker of each conversation, shape (2, conversations).
    """
    chances = []
    for end in ends:
        part = np.bincount(np.searchsorted(own, end[np.isin(end, own)]), minlength=len(own))
        stay = np.bincount(np.searchsorted(own, end[both]), minlength=len(own))
        chances.append(np.asarray(binom.sf(stay - 1, part, chance), np.float64))
    p = np.minimum(np.maximum(*chances), 1.0)
    return dict(zip(own.tolist(), p.tolist(), strict=True))


def _chances(
    engine: Engine, exchanges: Table, halves: Table, strata: Table, inside: Table
) -> dict[int, tuple[float, bool]]:
    """For each group the chance that anybody's conversation goes to it, and whether everyone is its pool.

    It is the group's share of the accounts, or of the later turns in the forming half if that is larger, of
    its clients; a client is missing where the log has none.
    """
    later = exchanges.filter(_.continues.notnull())
    turns = later.join(halves.filter(~_.tests), "part").group_by("account").agg(turns=_.count())
    known = strata.select("account", client=_.client.fill_null(0)).left_join(turns, "account")
    known = engine.create(
        "turns_by_account", known.select("account", "client", turns=known.turns.fill_null(0))
    )
    whole = engine.collect(
        known.group_by("client").agg(accounts=_.count(), turns=_.turns.sum()).order_by("client")
    )
    own = engine.collect(
        known.join(inside, "account")
        .group_by("group", "client")
        .agg(accounts=_.count(), turns=_.turns.sum())
        .order_by(["group", "client"])
    )
    every = {row["client"]: (row["accounts"], row["turns"]) for row in whole.to_pylist()}
    groups: dict[int, list[dict[str, int]]] = {}
    for row in own.to_pylist():
        groups.setdefault(row["group"], []).append(row)
    found = {}
    for name, rows in groups.items():
        mine = np.array([[row["accounts"], row["turns"]] for row in rows], np.float64).sum(axis=0)
        theirs = np.array([every[row["client"]] for row in rows], np.float64).sum(axis=0)
        wider = bool(_share(mine, theirs) > FILLED)
        pool = np.array(list(every.values()), np.float64).sum(axis=0) if wider else theirs
        found[name] = (_share(mine, pool), wider)
    return found


def _share(mine: Floats, pool: Floats) -> float:
    return float(np.max((mine + 1.0) / (pool + 1.0)))


def _passes(engine: Engine, handed: Table, inside: Table) -> dict[int, Passes]:
    """For each group: giver and taker of the conversations of the test half that it has part in, shape
    (2, conversations), whether both are of the group, and which count in its bet: a pair of accounts counts
    once a quarter of a day, whatever the direction.
    """
    tested = handed.filter(_.tests).select("part", "giver", "taker").distinct()
    own = [inside.select(**{end: "account", f"{end}_group": "group"}) for end in ("giver", "taker")]
    rows = tested.left_join(own[0], "giver").drop("giver_right").left_join(own[1], "taker")
    rows = rows.filter(rows.giver_group.notnull() | rows.taker_group.notnull())
    known = rows.select(
        "part",
        "giver",
        "taker",
        giver_group=rows.giver_group.fill_null(0),
        taker_group=rows.taker_group.fill_null(0),
    )
    table = engine.collect(known.order_by(["part", "giver", "taker"]))
    part = table.column("part").to_numpy()
    ends_of, groups = (
        np.stack([table.column(f"{end}{which}").to_numpy() for end in ("giver", "taker")])
        for which in ("", "_group")
    )
    found = {}
    for name in np.unique(groups):
        mine = (groups == name).any(axis=0)
        ends = ends_of[:, mine]
        pairs = np.vstack([part[mine], ends.min(axis=0), ends.max(axis=0)])
        new = np.zeros(ends.shape[1], np.bool_)
        new[np.unique(pairs, axis=1, return_index=True)[1]] = True
        found[int(name)] = (ends, (groups == name).all(axis=0)[mine], new)
    return found
