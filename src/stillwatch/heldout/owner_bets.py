"""Test owners whose accounts nothing links: do they send harvest-like prompts more often than their peers?"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from ibis import _
from scipy.special import logsumexp

from stillwatch.engine import Engine, Table
from stillwatch.heldout.owner_peers import limits
from stillwatch.schema.codes import FORMED, Null, NullTested
from stillwatch.schema.table import values

STAKES = np.array([0.05, 0.2, 0.5, 0.8, 0.95])
"""Shares of the winnings that the bets stake on the next day."""
DAY = 24
"""Hours."""
NULLS = {"single": NullTested(Null.ACCOUNT_HARVEST), "declared": NullTested(Null.OWNER_HARVEST)}
"""What each kind of owner is tested against."""

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def owner_bets(engine: Engine, activity: Table, habits: pa.Table, chosen: pa.Table) -> dict[int, float]:
    """Return the natural logarithm of the e-value of each declared or single candidate.

    activity: account, hour, texts, harvest. habits: account, client, texts, harvest of every account, sorted
    by account. chosen: candidates.
    """
    tested = chosen.filter(pa.array([kind not in FORMED for kind in values(chosen, "kind")], pa.bool_()))
    accounts = np.unique(tested.column("account").to_numpy())
    wanted = engine.load("owners_tested", pa.table({"account": accounts}))
    daily = (
        activity.semi_join(wanted, "account")
        .group_by("account", day=_.hour // DAY)
        .agg(texts=_.texts.sum(), harvest=_.harvest.sum())
    )
    days = engine.collect(daily.filter(_.texts > 0).order_by(["account", "day"]))
    every = habits.column("account").to_numpy()
    limit = limits(habits, np.unique(chosen.column("account").to_numpy()))[np.searchsorted(every, accounts)]
    subject = np.searchsorted(accounts, days.column("account").to_numpy())
    log_e = account_bets(subject, days.column("texts").to_numpy(), days.column("harvest").to_numpy(), limit)
    ordered = tested.sort_by("group")
    names, first = np.unique(ordered.column("group").to_numpy(), return_index=True)
    parts = np.split(log_e[np.searchsorted(accounts, ordered.column("account").to_numpy())], first[1:])
    return {int(name): round(most_of(part), 6) for name, part in zip(names, parts, strict=len(names) > 0)}


def account_bets(account: Ints, texts: Ints, harvest: Ints, limit: Floats) -> Floats:
    """Return the natural logarithm of each account's e-value; shape as limit.

    There is one row per day: the account's number, prompts (at least one), and how many are harvest-like. On
    a day with a share X of harvest-like prompts, a bet is multiplied by 1 + stake (X / limit - 1). This is
    fair where the share that one expects from the past is the limit, and loses below it, however much the
    prompts of one day resemble each other (Waudby-Smith and Ramdas 2024, section 4). The mean of bets with
    several stakes is a bet. limit: for each account, from number 0.
    """
    gain = harvest / texts / limit[account] - 1.0
    grown = [np.bincount(account, np.log1p(stake * gain), len(limit)) for stake in STAKES]
    return np.asarray(logsumexp(np.stack(grown), axis=0) - np.log(len(STAKES)))


def most_of(log_e: Floats) -> float:
    """Return the log e-value against "at least half of these accounts are within the limit", from their own.

    Under that null hypothesis some half of the accounts have e-values with a mean of at most one. The mean of
    the smallest half is no larger, whichever half that is and whatever their dependence (a partial
    conjunction, Benjamini and Heller 2008).
    """
    smallest = np.sort(log_e)[: (len(log_e) + 1) // 2]
    return float(logsumexp(smallest) - np.log(len(smallest)))
