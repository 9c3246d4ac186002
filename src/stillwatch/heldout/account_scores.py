"""Test each account of a group: does its content fit the rest of the group better than its peers' does?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from ibis import _

from stillwatch.engine import Engine, Table
from stillwatch.heldout.key_weights import MICRO
from stillwatch.heldout.peers import Compared, Sampler, places, pooled
from stillwatch.heldout.semantic_fit import Fit, Keys, Likeness, fitted, ranks_of_others

CALIBRATION = 100
"""Each member is ranked among at least so many accounts outside the group, in its cell or in a wider one."""
SAME_CLIENT = 20
"""Users of its client outside the group that are enough: a user of one tool is not as likely as anybody to
look like a group that uses it. With so many, a p-value can be as small as 0.05."""

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def account_scores(engine: Engine, weights: Table, guessable: Sequence[str]) -> dict[int, pa.Table]:
    """What each group's keys count for accounts that carry some: account, most, least, in micronats.

    weights: table key_weights. guessable: facets that do not count, since whoever does not see an account's
    traffic can still know its key, and could bring it into a group by imitation.
    """
    facet = weights.filter(_.facet.notin(list(guessable)) & (_.most > 0))
    score = facet.group_by("group", "account").agg(most=_.most.sum(), least=_.least.sum())
    return by_group(engine.collect(score.order_by(["group", "account"])))


def accounts_compared(sampler: Sampler, accounts: Ints) -> Compared:
    """A group's accounts and the peers that each is ranked among."""
    number = pooled(sampler.cells, sampler.cells.own(accounts), CALIBRATION, 0.0, SAME_CLIENT).number
    return sampler.compared(accounts, number, np.ones(len(number), np.bool_))


def account_fit(likeness: Likeness, scores: pa.Table | None) -> Fit:
    """Return conformal p-values: a member's rank among the outsiders of its pool.

    Bates, Candès, Lei, Romano and Sesia 2023. A member is scored by what the others of its group carry and
    ask, with the member left out. Outsiders should be scored by the same, anew for each member. Instead, for
    what they carry they get the most that this could be, so a p-value is never too small. scores: from
    account_scores; None where the group has no telling keys.
    """
    return fitted(likeness, _said(scores, likeness.compared.account, likeness.compared.own))


def close_fit(likeness: Likeness, scores: pa.Table | None, close: Ints, cell: Ints) -> Floats:
    """Return conformal p-values of accounts close to a group, by what the whole group carries and asks.

    The group made the score, and neither these accounts nor their peers had a part in it. They are nobody's
    peers themselves: most may be the group's own, and would make each other look usual. Marks chose them, not
    content, so the peers that are left are still a fair sample. close, cell: the accounts, and the positions
    of their cells.
    """
    keys = _said(scores, close, np.zeros(len(close), np.bool_))
    peers = likeness.compared.account
    said = _said(scores, peers, np.zeros(len(peers), np.bool_))
    return ranks_of_others(likeness, close, cell, Keys(keys, said, ~np.isin(peers, close)))


def _said(scores: pa.Table | None, accounts: Ints, own: npt.NDArray[np.bool_]) -> Floats:
    """Return what keys count for accounts, in nats; own: which are of the group and left out of it."""
    if scores is None:
        return np.zeros(len(accounts))
    place, there = places(scores.column("account").to_numpy(), accounts)
    most, least = (scores.column(name).to_numpy()[place] for name in ("most", "least"))
    return np.asarray(np.where(there, np.where(own, least, most), 0) / MICRO)


def by_group(table: pa.Table) -> dict[int, pa.Table]:
    """Return one table per group of a table with a column group, sorted by it."""
    groups = table.column("group").to_numpy()
    names, start = np.unique(groups, return_index=True)
    if len(groups) and not (np.diff(groups.astype(np.int64)) >= 0).all():
        raise ValueError("BUG: the table is not sorted by group")
    ends = np.append(start, len(groups))[1:]
    return {int(name): table.slice(int(a), int(b - a)) for name, a, b in zip(names, start, ends, strict=True)}
