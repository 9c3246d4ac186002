"""Volume only: accounts above fixed rates, and the busiest thousandth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from ibis import _

from baselines.called import Called, singles
from baselines.streams import DAY, HOUR, MINUTE, streams
from baselines.tables import Tables
from stillwatch.schema.table import values


@dataclass(frozen=True)
class Volume:
    """Calls accounts whose requests in any minute, hour or day exceed a limit.

    It scores the largest multiple of a limit.
    """

    name: ClassVar[str] = "volume, fixed limits"
    source: ClassVar[str] = "rate limits as honeypotllm 0.1.3 ships them (ScoringConfig)"
    blind: ClassVar[str] = "whoever stays below the limits, which every published campaign does on average"
    per_minute: int = 30
    """Requests in any 60 seconds."""
    per_hour: int = 500
    """Requests in any hour."""
    per_day: int = 5000
    """Requests in any 24 hours."""

    def call(self, tables: Tables) -> Called:
        """Score accounts; one is called above 1."""
        limits = ((MINUTE, self.per_minute), (HOUR, self.per_hour), (DAY, self.per_day))
        scores: dict[int, float] = {}
        for stream in streams(tables, ()):
            here = np.arange(len(stream)) + 1
            scores |= stream.most(
                np.max([(here - stream.since(span)) / limit for span, limit in limits], axis=0)
            )
        return singles(scores, float(np.nextafter(1.0, 2.0)))


@dataclass(frozen=True)
class BusiestShare:
    """Calls the busiest accounts, as many as a budget of alarms allows; scores exchanges."""

    name: ClassVar[str] = "volume, busiest 0.1 %"
    source: ClassVar[str] = "the usual top-talkers report"
    blind: ClassVar[str] = "campaigns of many quiet accounts; calls the busiest honest ones"
    share: float = 0.001
    """Share of all accounts that is called; at least one account is."""

    def call(self, tables: Tables) -> Called:
        """Score accounts by their exchanges."""
        table = tables.engine.collect(tables.exchanges.group_by("account").agg(n=_.count()))
        counts = table["n"].to_numpy()
        scores = dict(zip(values(table, "account"), counts.astype(float).tolist(), strict=True))
        kept = max(1, int(self.share * len(counts)))
        return singles(scores, float(np.sort(counts)[-kept]) if len(counts) else 1.0)
