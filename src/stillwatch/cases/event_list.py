"""Events that a person looks for: the newest first, some at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from stillwatch.cases.event import Action, Event
from stillwatch.cases.models import EventRow
from stillwatch.cases.store import event_of
from stillwatch.cases.words import folded

MOST = 1_000
"""Events of one page at most."""
LOOKED_BACK = 5_000
"""Newest events among which a person's own reasons are looked for: a longer look would cost more than it
finds.
"""


@dataclass(frozen=True)
class EventsWanted:
    """Which events; what is empty does not matter."""

    case: int = 0
    """Of this case."""
    actor: str = ""
    """Of this person, whatever the name's case and spaces."""
    actions: Sequence[str] = ()
    """One of these actions."""
    since: float | None = None
    """Not earlier, POSIX seconds."""
    until: float | None = None
    """Earlier than this, POSIX seconds."""
    before: int = 0
    """With a smaller number than this: how one goes on from page to page."""


def events_found(session: Session, wanted: EventsWanted, most: int) -> list[Event]:
    """Return events, the newest first; at most MOST."""
    query = sa.select(EventRow).where(*_that(session, wanted)).order_by(EventRow.seq.desc())
    return [event_of(row) for row in session.scalars(query.limit(min(max(most, 0), MOST)))]


def first_event(session: Session, case: int) -> Event | None:
    """Return the event that opened a case; None where there is no such case."""
    query = sa.select(EventRow).where(EventRow.case_id == case).order_by(EventRow.seq).limit(1)
    row = session.scalars(query).first()
    return event_of(row) if row else None


def number_of_events(session: Session, case: int) -> int:
    """Return how many events a case has."""
    query = sa.select(sa.func.count()).select_from(EventRow).where(EventRow.case_id == case)
    return session.scalar(query) or 0


def actors(session: Session, most: int = 200) -> list[str]:
    """Return who changed anything lately, sorted."""
    query = sa.select(EventRow.actor).where(EventRow.seq > _newest(session) - LOOKED_BACK).distinct()
    return sorted(session.scalars(query.limit(most)))


def reasons_of(session: Session, actor: str, most: int = 12) -> list[str]:
    """Return reasons that a person gave lately, the newest first, each once."""
    query = (
        sa.select(EventRow.actor, EventRow.reason)
        .where(EventRow.seq > _newest(session) - LOOKED_BACK, EventRow.reason != "")
        .where(EventRow.action.not_in((str(Action.SEEN), str(Action.OPENED), str(Action.REOPENED))))
        .order_by(EventRow.seq.desc())
    )
    found: dict[str, None] = {}
    for name, reason in session.execute(query):
        if len(found) >= most:
            break
        if folded(name) == folded(actor):
            found.setdefault(reason)
    return list(found)


def _newest(session: Session) -> int:
    return session.scalar(sa.select(sa.func.max(EventRow.seq))) or 0


def _that(session: Session, wanted: EventsWanted) -> list[Any]:
    told: list[Any] = []
    if wanted.case:
        told.append(EventRow.case_id == wanted.case)
    if wanted.actor:
        # No database compares names as people do, and there are few of them.
        known = session.scalars(sa.select(EventRow.actor).distinct())
        told.append(EventRow.actor.in_([one for one in known if folded(one) == folded(wanted.actor)]))
    if wanted.actions:
        told.append(EventRow.action.in_([one.lower() for one in wanted.actions]))
    if wanted.since is not None:
        told.append(EventRow.time >= wanted.since)
    if wanted.until is not None:
        told.append(EventRow.time < wanted.until)
    if wanted.before:
        told.append(EventRow.seq < wanted.before)
    return told
