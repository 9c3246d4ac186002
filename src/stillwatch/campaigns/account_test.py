"""Test each account of a group alone: does its content fit the rest of the group better than that of its peers does?"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from ibis import _

from stillwatch.campaigns.pools import Cells, pooled
from stillwatch.engine import Engine

CARRIERS = 3
"""Members that must carry a key before it is weighed."""
TELLING = math.log(3.0)
"""Nats by which a key must be more frequent in the group than outside to be weighed."""
CALIBRATION = 100
"""Accounts outside the group that a member is ranked among, at least."""

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def account_p_values(engine: Engine, held: Any, found: pa.Table, own: dict[int, Ints], cells: Cells) -> dict[tuple[int, int], float]:
    """(group, account) -> conformal p-value (Bates, Candès, Lei, Romano and Sesia 2023): its rank among its pool's outsiders.

    A member is scored by what the others of its group carry, itself left out. Outsiders ought to be scored by the same, for each
    member anew; they are given the most that this could be instead, so that a p-value is never too small.
    """
    weights = _weights(found, len(cells.account))
    facet = (
        held.join(engine.load("account_weights", weights), "key").group_by("group", "account", "facet").agg(most=_.most.max(), least=_.least.max())
    )
    score = facet.group_by("group", "account").agg(most=_.most.sum(), least=_.least.sum())
    scores = by_group(engine.collect(score.order_by(["group", "account"])))
    result: dict[tuple[int, int], float] = {}
    for group, accounts in own.items():
        p = _ranked(scores[group], accounts, cells) if group in scores else np.ones(len(accounts))
        result |= {(group, int(account)): float(value) for account, value in zip(accounts, p, strict=True)}
    return result


def _weights(found: pa.Table, everyone: int) -> pa.Table:
    """group, key, most, least: a key's log rate in the group over that outside, in whole micronats, 0 where it does not tell.

    `least` is for a member that carries it and is left out, `most` bounds what it is for an outsider meanwhile.
    """
    carriers, size, df = (found.column(name).to_numpy().astype(np.float64) for name in ("carriers", "size", "df"))
    rest, others = np.maximum(size - 1.0, 1.0), everyone - size + 1.5
    most = np.log(carriers / rest * others / (df - carriers + 0.5))
    least = np.where(carriers > CARRIERS, np.log((carriers - 1.0) / rest * others / (df - carriers + 1.5)), 0.0)
    micro = [pa.array(np.where(weight > TELLING, np.round(weight * 1e6), 0.0).astype(np.int64)) for weight in (most, least)]
    table = found.select(["group", "key"]).append_column("most", micro[0]).append_column("least", micro[1])
    return table.filter(pa.array(most > TELLING))


def _ranked(scores: pa.Table, own: Ints, cells: Cells) -> Floats:
    """p-values of a group's accounts, ties against them; scores: account, most, least, those without any left out."""
    own_cells = cells.own(own)
    pool = pooled(cells, own_cells, CALIBRATION, 0.0).number
    outsiders = np.bincount(pool, cells.accounts - own_cells)
    known = scores.column("account").to_numpy()
    place = np.minimum(np.searchsorted(known, own), len(known) - 1)
    score = np.where(known[place] == own, scores.column("least").to_numpy()[place], 0)
    outside = ~np.isin(known, own)
    most, where = scores.column("most").to_numpy()[outside], pool[cells.homes(known[outside])]
    mine = pool[cells.homes(own)]
    p = np.ones(len(own))
    for number in np.unique(mine[score > 0]):
        here = (mine == number) & (score > 0)
        ranks = np.sort(most[where == number])
        p[here] = (1.0 + len(ranks) - np.searchsorted(ranks, score[here], side="left")) / (1.0 + outsiders[number])
    return p


def by_group(table: pa.Table) -> dict[int, pa.Table]:
    """A table with a column group, sorted by it, cut into one table a group."""
    groups = table.column("group").to_numpy()
    names, start = np.unique(groups, return_index=True)
    if len(groups) and not (np.diff(groups.astype(np.int64)) >= 0).all():
        raise ValueError("BUG: the table is not sorted by group")
    ends = np.append(start, len(groups))[1:]
    return {int(name): table.slice(int(a), int(b - a)) for name, a, b in zip(names, start, ends, strict=True)}
