"""Which channels a message goes to, decided by their settings when it is looked at for the first time."""

from __future__ import annotations

import json
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from stillwatch.cases.models import CaseRow
from stillwatch.cases.outbox.channel import Channel
from stillwatch.cases.outbox.delivery import DELIVERED, DROPPED, WAITING
from stillwatch.cases.outbox.queue import NOBODY, PLANNED, PRUNED, QUEUED, body_of
from stillwatch.cases.outbox.rows import DeliveryRow, MessageRow
from stillwatch.cases.outbox.severity import severity_of

AT_ONCE = 500
"""Messages that are planned or forgotten in one transaction: writers of cases wait no longer for it."""


def plan(session: Session, channels: Sequence[Channel], now: float) -> tuple[int, int]:
    """Decide about messages that were not looked at, within a session that writes.

    Returns how many go somewhere, and how many no channel wants; those are not sent later either.
    """
    query = sa.select(MessageRow).where(MessageRow.state == QUEUED).order_by(MessageRow.id).limit(AT_ONCE)
    going = nowhere = 0
    for row in session.scalars(query).all():
        body = _of_its_case(session, row.case_id) | body_of(row)
        wanting = [one.name for one in channels if one.wants(row.topic, body)]
        session.add_all(
            DeliveryRow(
                message_id=row.id,
                channel=name,
                state=WAITING,
                attempts=0,
                due=now,
                claim="",
                tried=None,
                settled=None,
                said="",
            )
            for name in wanting
        )
        row.state = PLANNED if wanting else NOBODY
        going, nowhere = going + bool(wanting), nowhere + (not wanting)
    session.flush()
    return going, nowhere


def prune(session: Session, before: float) -> int:
    """Forget messages from before a time, POSIX seconds, that were delivered or dropped, or that no channel
    wanted; return how many. Their keys are kept: the same is not told again.
    """
    open_still = (
        sa.select(DeliveryRow.message_id)
        .where(
            DeliveryRow.message_id == MessageRow.id,
            sa.or_(DeliveryRow.state.not_in((DELIVERED, DROPPED)), DeliveryRow.settled >= before),
        )
        .exists()
    )
    query = (
        sa.select(MessageRow.id)
        .where(MessageRow.state.in_((PLANNED, NOBODY)), MessageRow.made < before, ~open_still)
        .limit(AT_ONCE)
    )
    old = list(session.scalars(query))
    if old:
        session.execute(sa.delete(DeliveryRow).where(DeliveryRow.message_id.in_(old)))
        session.execute(sa.update(MessageRow).where(MessageRow.id.in_(old)).values(state=PRUNED, body="{}"))
    return len(old)


def _of_its_case(session: Session, number: int | None) -> dict[str, str]:
    """Kind and severity of a case, for messages that do not say them."""
    if number is None:
        return {}
    row = session.execute(sa.select(CaseRow.kind, CaseRow.found).where(CaseRow.id == number)).first()
    if row is None:
        return {}
    try:
        verdict = json.loads(row[1]).get("verdict")
    except (ValueError, AttributeError):
        verdict = None
    return {"kind": row[0], "severity": severity_of(verdict, row[0])}
