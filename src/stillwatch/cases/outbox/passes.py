"""When something that is done again and again was last done."""

from __future__ import annotations

from sqlalchemy.orm import Session

from stillwatch.cases.outbox.rows import PassRow


def made_now(session: Session, name: str, now: float) -> None:
    """Write down that something was done at a time, POSIX seconds, within a session that writes."""
    session.merge(PassRow(name=name, time=round(now, 6)))
    session.flush()


def last_made(session: Session, name: str) -> float | None:
    """Return when something was last done, POSIX seconds; None: never."""
    row = session.get(PassRow, name)
    return None if row is None else row.time
