"""Epochs: how long one key of the look-up service lasts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from stillwatch.errors import IntelError

WEEK = re.compile(r"(\d{4})-W(\d{2})")
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True)
class Epoch:
    """A stretch of time with one key. Tokens of two epochs never match."""

    name: str
    """Its ISO week, `2026-W49`, or its day, `2026-11-30`; both in UTC."""
    begins: float
    """Its first second, in seconds since 1970."""
    ends: float
    """The second after its last."""

    @staticmethod
    def named(name: str) -> Epoch:
        """The epoch of a name. Raises IntelError for another text."""
        first = _first_day(name)
        if first is None:
            raise IntelError(
                "an epoch has another name",
                where=repr(name[:40]),
                do="name an ISO week, as 2026-W49, or a day, as 2026-11-30",
            )
        begins = datetime(first.year, first.month, first.day, tzinfo=UTC).timestamp()
        return Epoch(name, begins, begins + (7 if "W" in name else 1) * 86_400.0)

    @staticmethod
    def at(moment: float, *, days: bool = False) -> Epoch:
        """The epoch of a moment in seconds since 1970: its ISO week, or its day."""
        day = datetime.fromtimestamp(moment, UTC).date()
        year, week, _ = day.isocalendar()
        return Epoch.named(day.isoformat() if days else f"{year:04d}-W{week:02d}")

    def next(self) -> Epoch:
        """The epoch after it."""
        return Epoch.at(self.ends, days="W" not in self.name)

    def previous(self) -> Epoch:
        """The epoch before it."""
        return Epoch.at(self.begins - timedelta(hours=1).total_seconds(), days="W" not in self.name)


def _first_day(name: str) -> date | None:
    try:
        if found := WEEK.fullmatch(name):
            return date.fromisocalendar(int(found[1]), int(found[2]), 1) if name.isascii() else None
        return date.fromisoformat(name) if DAY.fullmatch(name) and name.isascii() else None
    except ValueError:
        return None
