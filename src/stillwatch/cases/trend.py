"""How many cases were opened and closed, week by week."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from stillwatch.cases.event import Action
from stillwatch.cases.models import EventRow

WEEK = 7 * 86_400
MONDAY = 4 * 86_400
"""1970-01-05, the first Monday of POSIX time."""


@dataclass(frozen=True)
class Week:
    """One week, from Monday, UTC."""

    start: float
    """When it begins, POSIX seconds."""
    opened: int
    """Cases that were opened, or opened again after something changed."""
    closed: int
    """Cases that were closed."""


def weeks(session: Session, now: float, most: int) -> list[Week]:
    """Return the last weeks in order, that of `now` (POSIX seconds) last; weeks without any case too."""
    this = int((now - MONDAY) // WEEK)
    first = this - most + 1
    begins = (Action.OPENED, Action.REOPENED)
    query = (
        sa.select(EventRow.time, EventRow.action)
        .where(EventRow.time >= MONDAY + first * WEEK)
        .where(EventRow.action.in_([str(one) for one in (*begins, Action.CLOSED)]))
    )
    opened, closed = dict.fromkeys(range(first, this + 1), 0), dict.fromkeys(range(first, this + 1), 0)
    # The two databases make whole numbers each in its own way, so weeks are counted here.
    for moment, action in session.execute(query):
        week = int((moment - MONDAY) // WEEK)
        into = closed if action == Action.CLOSED else opened
        if week in into:  # a clock that was ahead puts events into weeks to come
            into[week] += 1
    return [Week(float(MONDAY + one * WEEK), opened[one], closed[one]) for one in opened]
