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
    pairs = _pairs(engine, handed, inside)
    group, account = members.column("group").to_numpy(), members.column("account").to_numpy()
    found = {}
    for name in np.unique(group):
        chance, wider = chances[int(name)]
        own = np.sort(account[group == name])
        low, high, both = pairs.get(int(name), (own[:0], own[:0], own[:0] == 0))
        found[int(name)] = Passing(
            bet(int(both.sum()), len(both), chance), _p_values(own, low, high, both, chance), wider
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


def _p_values(
    own: Ints, low: Ints, high: Ints, both: npt.NDArray[np.bool_], chance: float
) -> dict[int, float]:
    """The chance that so many of an account's conversations stay inside; 1 for an account with none."""
    part = [
        np.bincount(np.searchsorted(own, end[np.isin(end, own)]), minlength=len(own)) for end in (low, high)
    ]
    stay = [np.bincount(np.searchsorted(own, end[both]), minlength=len(own)) for end in (low, high)]
    p = binom.sf(stay[0] + stay[1] - 1, part[0] + part[1], chance)
    return dict(zip(own.tolist(), np.minimum(p, 1.0).tolist(), strict=True))


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


def _pairs(
    engine: Engine, handed: Table, inside: Table
) -> dict[int, tuple[Ints, Ints, npt.NDArray[np.bool_]]]:
    """For each group: both ends of the conversations of the test half that it has part in, and whether both
    are of the group; a pair of accounts counts once a quarter of a day.
    """
    tested = handed.filter(_.tests).select("part", "low", "high").distinct()
    ends = [inside.select(**{end: "account", f"{end}_group": "group"}) for end in ("low", "high")]
    rows = tested.left_join(ends[0], "low").drop("low_right").left_join(ends[1], "high").drop("high_right")
    rows = rows.filter(rows.low_group.notnull() | rows.high_group.notnull())
    known = rows.select(
        "part",
        "low",
        "high",
        low_group=rows.low_group.fill_null(0),
        high_group=rows.high_group.fill_null(0),
    )
    table = engine.collect(known.order_by(["part", "low", "high"]))
    low, high, first, second = (
        table.column(name).to_numpy() for name in ("low", "high", "low_group", "high_group")
    )
    found = {}
    for name in np.unique(np.concatenate([first, second])):
        mine = (first == name) | (second == name)
        found[int(name)] = (low[mine], high[mine], ((first == name) & (second == name))[mine])
    return found
