"""Test owners whose accounts nothing links: is their rate of harvest-like prompts above that of nearly all peers?"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from scipy.special import logsumexp

from stillwatch.campaigns.held_out import TILTS
from stillwatch.schema.table import values

QUANTILE = 0.95
FLOOR = 0.1
"""The rate that the null allows at least, so that quiet peers do not make an odd prompt an offence."""
NULL = "its prompts are harvest-like no more often than those of all but the busiest twentieth of its peers (and a tenth at least)"


def test_owners(sums: pa.Table, peer_rate: float) -> dict[int, float]:
    """Natural logarithm of each group's e-value: a binomial bet against any rate up to the peers' quantile.

    sums: group, texts, harvest (prompts with any HARVEST flag). The bet is valid for every smaller rate, since it only grows with hits.
    """
    limit = max(peer_rate, FLOOR)
    result: dict[int, float] = {}
    for row in sums.to_pylist():
        bets = [tilt * row["harvest"] - row["texts"] * np.log1p(limit * np.expm1(tilt)) for tilt in TILTS]
        result[int(row["group"])] = float(np.round(logsumexp(bets) - np.log(len(TILTS)), 6)) if row["texts"] else 0.0
    return result


LEAST_TEXTS = 10
"""Prompts that an account needs before its rate says something about its peers."""


def harvest_sums(volumes: pa.Table, chosen: pa.Table) -> tuple[pa.Table, float]:
    """group, texts, harvest for every candidate; and the quantile of the harvest-like share over accounts that are none.

    volumes: account, texts, harvest of every account; chosen: group, account of the candidates.
    """
    accounts, texts, harvest = (volumes.column(name).to_numpy() for name in ("account", "texts", "harvest"))
    peers = ~np.isin(accounts, chosen.column("account").to_numpy()) & (texts >= LEAST_TEXTS)
    rates = harvest[peers] / texts[peers]
    joined = chosen.select(["group", "account"]).join(volumes.select(["account", "texts", "harvest"]), "account", join_type="inner")
    sums = joined.group_by("group").aggregate([("texts", "sum"), ("harvest", "sum")]).rename_columns(["group", "texts", "harvest"])
    return sums.sort_by("group"), float(np.quantile(rates, QUANTILE)) if len(rates) else 0.0


def worth_a_look(chosen: pa.Table, bets: dict[int, float], permitted: set[int], volumes: dict[int, int], room: int) -> pa.Table:
    """The candidates without the owners whose bet lost: their e-value is below one, so no error control could list them.

    Accounts that a permit names stay, so that their use can be held against it; and the largest losers stay as long as their
    exchanges together fit into `room`, so that an analyst reads why they are benign. volumes: exchanges of each account.
    """
    rows = list(zip(values(chosen, "group"), values(chosen, "kind"), values(chosen, "account"), strict=True))
    won = {group for group, kind, account in rows if kind == "linked" or bets.get(group, 0.0) > 0.0 or account in permitted}
    sizes: dict[int, int] = {}
    for group, _kind, account in rows:
        sizes[group] = sizes.get(group, 0) + volumes.get(account, 0)
    for group in sorted(set(sizes) - won, key=lambda name: (-sizes[name], name)):
        if sizes[group] <= room:
            room -= sizes[group]
            won.add(group)
    return chosen.filter(pa.array([group in won for group, _kind, _account in rows], pa.bool_()))
