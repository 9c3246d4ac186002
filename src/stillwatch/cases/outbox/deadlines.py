"""Deadlines of cases that have passed: each is told once."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session

from stillwatch.cases.models import CaseRow
from stillwatch.cases.outbox.message import Message
from stillwatch.cases.outbox.queue import queue, queued_before
from stillwatch.cases.outbox.telling import facts
from stillwatch.cases.states import State
from stillwatch.cases.store import Store
from stillwatch.guard.moments import told


def breached_deadlines(session: Session, now: float) -> int:
    """Queue a message for each case that should be decided by now and is not closed, within a session that
    writes; return how many were not told before. A case that rests has its deadline all the same.
    """
    query = sa.select(CaseRow.id, CaseRow.deadline).where(
        CaseRow.deadline < now, CaseRow.state != str(State.CLOSED)
    )
    keys = {row[0]: _key(row[0], row[1]) for row in session.execute(query)}
    known = queued_before(session, keys.values())
    late = Store(session).cases(number for number, key in keys.items() if key not in known)
    return sum(
        queue(
            session,
            Message(
                "deadline.breached",
                keys[case.id],
                case.id,
                facts(case) | {"deadline": told(case.deadline or 0.0), "assignee": case.assignee},
            ),
        )
        for case in late
    )


def _key(number: int, deadline: float | None) -> str:
    """A deadline that is moved is another one."""
    return f"deadline.{number}.{deadline!r}"
