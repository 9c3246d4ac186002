"""Test owners whose accounts nothing links: is their rate of harvest-like prompts above that of nearly all peers?"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from ibis import _
from scipy.special import logsumexp

from stillwatch.campaigns.held_out import TILTS
from stillwatch.engine import Engine
from stillwatch.schema.flags import Flag

HARVEST = int(Flag.REASONING | Flag.GRADING | Flag.PREFERENCE | Flag.GENERATION | Flag.REWRITING | Flag.TRACE_CLEANING | Flag.SAFE_REWRITE)
"""Flags that count as harvest-like here: what training sets are made of."""
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


def harvest_sums(engine: Engine, rows: Any) -> tuple[pa.Table, float]:
    """group, texts, harvest for every group; and the peers' quantile of harvest-like share over accounts of ten prompts or more."""
    bits = [flag for flag in Flag if int(flag) & HARVEST]
    hit = sum(((_.flags.fill_null(0).cast("int64") // int(flag)) % 2 for flag in bits), start=0) > 0
    texts = rows.filter(_.has_text).select("group", "account", hit=hit.cast("int64"))
    account = engine.collect(texts.group_by("group", "account").agg(texts=_.count(), harvest=_.hit.sum()).order_by(["group", "account"]))
    frame = account.group_by("group").aggregate([("texts", "sum"), ("harvest", "sum")]).rename_columns(["group", "texts", "harvest"])
    group, asked, hits = (account.column(name).to_numpy() for name in ("group", "texts", "harvest"))
    busy = (group == 0) & (asked >= 10)
    rates = hits[busy] / asked[busy]
    return frame, float(np.quantile(rates, QUANTILE)) if len(rates) else 0.0
