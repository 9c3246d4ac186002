"""Appeals that are not answered in time: each is told once."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session

from stillwatch.cases.models import AppealRow
from stillwatch.cases.outbox.message import Message
from stillwatch.cases.outbox.queue import queue, queued_before
from stillwatch.cases.outbox.telling import facts
from stillwatch.cases.store import Store
from stillwatch.guard.moments import told

TOPIC = "appeal.breached"


def late_appeals(session: Session, now: float) -> int:
    """Queue a message for each open appeal that should be answered by now, within a session that writes;
    return how many were not told before.
    """
    query = sa.select(AppealRow.id, AppealRow.case_id, AppealRow.due).where(
        AppealRow.state == "open", AppealRow.due < now
    )
    late = {f"{TOPIC}:{row[0]}": (str(row[0]), int(row[1]), float(row[2])) for row in session.execute(query)}
    known = queued_before(session, late)
    left = {key: one for key, one in late.items() if key not in known}
    cases = {case.id: case for case in Store(session).cases({number for _, number, _ in left.values()})}
    return sum(
        queue(
            session,
            Message(TOPIC, key, number, facts(cases[number]) | {"appeal": name, "due": told(due)}),
        )
        for key, (name, number, due) in left.items()
    )
