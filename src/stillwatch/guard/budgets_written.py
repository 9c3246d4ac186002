"""What embedded budgets wrote down, read beside the process that keeps them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from stillwatch.guard.day_count import DAY_S
from stillwatch.guard.embedded_budgets import CAMPAIGN

PATIENCE_S = 0.5
"""Seconds to wait for the writer."""


@dataclass(frozen=True)
class SpentToday:
    """What one account or campaign has spent since midnight (UTC)."""

    kind: str
    """account or campaign."""
    name: str
    """Lookup key of the account, or identity of the campaign."""
    tokens: int
    """Tokens."""


def spent_today(path: Path, now: float, most: int) -> list[SpentToday]:
    """Return who has spent most today, as it was written a second ago at most; nothing where no budgets are
    kept in this file, or where it cannot be read. now: POSIX seconds.
    """
    if not path.is_file():
        return []
    query = "SELECT kind, name, used FROM budgets WHERE day = ? AND used > 0 ORDER BY used DESC LIMIT ?"
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=PATIENCE_S)) as db:
            rows = db.execute(query, (int(now // DAY_S), most)).fetchall()
    except (sqlite3.Error, ValueError):
        return []
    return [
        SpentToday("campaign" if kind == CAMPAIGN else "account", name, used) for kind, name, used in rows
    ]
