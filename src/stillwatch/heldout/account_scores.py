"""Test each account of a group: does its content fit the rest of the group better than its peers' does?"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from ibis import _

from stillwatch.engine import Engine, Table
from stillwatch.heldout.peers import Compared, Sampler, places, pooled
from stillwatch.heldout.semantic_fit import Fit, Likeness, fitted

CARRIERS = 3
"""Members that must carry a key before it is weighed."""
TELLING = math.log(3.0)
"""A key is weighed if it is more frequent in the group than outside by at least so many nats."""
MICRO = 1_000_000
"""Nats are summed as whole micronats, which give the same sum in any order."""
CALIBRATION = 100
"""Each member is ranked among at least so many accounts outside the group."""

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def account_scores(engine: Engine, held: Table, found: pa.Table, everyone: int) -> dict[int, pa.Table]:
    """What each group's keys count for accounts that carry some: account, most, least, in micronats."""
    weights = _weights(found, everyone)
    facet = (
        held.join(engine.load("account_weights", weights), "key")
        .group_by("group", "account", "facet")
        .agg(most=_.most.max(), least=_.least.max())
    )
    score = facet.group_by("group", "account").agg(most=_.most.sum(), least=_.least.sum())
    return by_group(engine.collect(score.order_by(["group", "account"])))


def accounts_compared(sampler: Sampler, accounts: Ints) -> Compared:
    """A group's accounts and the peers that each is ranked among."""
    number = pooled(sampler.cells, sampler.cells.own(accounts), CALIBRATION, 0.0).number
    return sampler.compared(accounts, number, np.ones(len(number), np.bool_))


def account_fit(likeness: Likeness, scores: pa.Table | None) -> Fit:
    """Return conformal p-values: a member's rank among the outsiders of its pool.

    Bates, Candès, Lei, Romano and Sesia 2023. A member is scored by what the others of its group carry and
    ask, with the member left out. Outsiders should be scored by the same, anew for each member. Instead, for
    what they carry they get the most that this could be, so a p-value is never too small. scores: from
    account_scores; None where the group has no telling keys.
    """
    compared = likeness.compared
    said = np.zeros(len(compared.account))
    if scores is not None:
        known = scores.column("account").to_numpy()
        place, there = places(known, compared.account)
        most, least = (scores.column(name).to_numpy()[place] for name in ("most", "least"))
        said = np.where(there, np.where(compared.own, least, most), 0) / MICRO
    return fitted(likeness, said)


def _weights(found: pa.Table, everyone: int) -> pa.Table:
    """Return group, key, most, least: a key's log rate in the group over that outside, in micronats.

    It is 0 where the key is not telling. `least` is for a member that carries the key and is left out; `most`
    bounds the value for an outsider in that case.
    """
    carriers, size, df = (
        found.column(name).to_numpy().astype(np.float64) for name in ("carriers", "size", "df")
    )
    rest, others = np.maximum(size - 1.0, 1.0), everyone - size + 1.5
    most = np.log(carriers / rest * others / (df - carriers + 0.5))
    least = np.where(
        carriers > CARRIERS, np.log((carriers - 1.0) / rest * others / (df - carriers + 1.5)), 0.0
    )
    micro = [
        pa.array(np.where(weight > TELLING, np.round(weight * MICRO), 0.0).astype(np.int64))
        for weight in (most, least)
    ]
    table = found.select(["group", "key"]).append_column("most", micro[0]).append_column("least", micro[1])
    return table.filter(pa.array(most > TELLING))


def by_group(table: pa.Table) -> dict[int, pa.Table]:
    """Return one table per group of a table with a column group, sorted by it."""
    groups = table.column("group").to_numpy()
    names, start = np.unique(groups, return_index=True)
    if len(groups) and not (np.diff(groups.astype(np.int64)) >= 0).all():
        raise ValueError("BUG: the table is not sorted by group")
    ends = np.append(start, len(groups))[1:]
    return {int(name): table.slice(int(a), int(b - a)) for name, a, b in zip(names, start, ends, strict=True)}
