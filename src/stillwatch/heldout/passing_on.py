"""Test groups that hand conversations on: do these go to the group more often than to anybody?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from ibis import _
from scipy.special import logsumexp

from stillwatch.engine import Engine, Table

STAKES = np.array([0.05, 0.2, 0.5, 0.8, 0.95])
"""Shares of the winnings that the bets stake on the next conversation."""

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Shares = dict[tuple[int, int], float]
"""(group, client): the chance that a conversation of the client goes to the group."""


@dataclass(frozen=True)
class Passing:
    """What the test half says about one group."""

    log_e: float
    """Natural logarithm of its e-value."""
    p_values: dict[int, float]
    """Of each of its accounts."""


@dataclass(frozen=True)
class _Passes:
    """The conversations of the test half that groups have part in, one row each."""

    part: Ints
    """When."""
    ends: Ints
    """Giver and taker, shape (2, rows)."""
    groups: Ints
    """The groups of both, 0 for none."""
    clients: Ints
    """The clients of both."""


def passing_on(
    engine: Engine, exchanges: Table, handed: Table, halves: Table, strata: Table, members: pa.Table
) -> dict[int, Passing]:
    """Return the test of each group in members (group, account). handed, halves: tables of linkage."""
    if not members.num_rows:
        return {}
    inside = engine.load("passing_members", members.select(["group", "account"]))
    clients = engine.create("clients", strata.select("account", client=_.client.fill_null(0)))
    shares = _shares(engine, exchanges, halves, clients, inside)
    passes = _passes(engine, handed, clients, inside)
    group, account = members.column("group").to_numpy(), members.column("account").to_numpy()
    return {
        int(name): _tested(int(name), np.sort(account[group == name]), passes, shares)
        for name in np.unique(group)
    }


def bet(inside: Bools, chance: Floats) -> float:
    """Return the log e-value: a conversation that stays inside multiplies a stake s by 1 + s (1/p - 1), one
    that leaves by 1 - s.

    Its mean is at most one where each goes inside with a chance of at most its p, whatever went before: a
    product of such bets, and the mean over stakes.
    """
    more = np.where(inside, 1.0 / chance, 0.0) - 1.0
    grown = np.log1p(STAKES[:, None] * more[None, :]).sum(axis=1)
    return float(np.round(logsumexp(grown) - np.log(len(STAKES)), 6))


def _tested(name: int, own: Ints, passes: _Passes, shares: Shares) -> Passing:
    """own: the accounts of the group, sorted."""
    mine = (passes.groups == name).any(axis=0)
    ends, both = passes.ends[:, mine], (passes.groups == name).all(axis=0)[mine]
    either = [[shares.get((name, int(client)), 0.0) for client in side] for side in passes.clients[:, mine]]
    chance = np.array(either).max(axis=0) if mine.any() else np.zeros(0)
    # A pair of accounts counts once in a part, whatever the direction: the conversation may come back.
    pairs = np.vstack([passes.part[mine], ends.min(axis=0), ends.max(axis=0)])
    new = np.unique(pairs, axis=1, return_index=True)[1]
    sides = [_alone(own, end, both, chance) for end in ends]
    p_values = np.exp(-np.clip(np.minimum(*sides), 0.0, None))
    return Passing(bet(both[new], chance[new]), dict(zip(own.tolist(), p_values.tolist(), strict=True)))


def _alone(own: Ints, end: Ints, both: Bools, chance: Floats) -> Floats:
    """The log e-value of each account's bet on the conversations at one end of which it stands."""
    return np.array([bet(both[end == account], chance[end == account]) for account in own.tolist()])


def _shares(engine: Engine, exchanges: Table, halves: Table, clients: Table, inside: Table) -> Shares:
    """For each group and client: the group's share of the client's accounts, or of its later turns in the
    forming half if that is larger.
    """
    later = exchanges.filter(_.continues.notnull()).join(halves.filter(~_.tests), "part")
    turns = later.group_by("account").agg(turns=_.count())
    known = clients.left_join(turns, "account")
    known = known.select("account", "client", turns=known.turns.fill_null(0))
    whole = known.group_by("client").agg(accounts=_.count(), turns=_.turns.sum())
    own = known.join(inside, "account").group_by("group", "client").agg(mine=_.count(), theirs=_.turns.sum())
    rows = engine.collect(own.join(whole, "client").order_by(["group", "client"])).to_pylist()
    return {
        (row["group"], row["client"]): max(
            (row["mine"] + 1) / (row["accounts"] + 1), (row["theirs"] + 1) / (row["turns"] + 1)
        )
        for row in rows
    }


def _passes(engine: Engine, handed: Table, clients: Table, inside: Table) -> _Passes:
    """The conversations of the test half of which an end is in a group, each direction once a part."""
    rows = handed.filter(_.tests).select("part", "giver", "taker").distinct()
    for end in ("giver", "taker"):
        own = inside.select(**{end: "account", f"{end}_group": "group"})
        known = clients.select(**{end: "account", f"{end}_client": "client"})
        rows = rows.left_join(own, end).drop(f"{end}_right").left_join(known, end).drop(f"{end}_right")
    rows = rows.filter(rows.giver_group.notnull() | rows.taker_group.notnull())
    filled = {
        name: rows[name].fill_null(0).cast("int64")
        for name in ("giver_group", "taker_group", "giver_client", "taker_client")
    }
    kept = rows.select("part", "giver", "taker", **filled)
    table = engine.collect(kept.order_by(["part", "giver", "taker"]))
    ends, groups, of = (
        np.stack([table.column(f"{end}{what}").to_numpy() for end in ("giver", "taker")])
        for what in ("", "_group", "_client")
    )
    return _Passes(table.column("part").to_numpy(), ends, groups, of)
