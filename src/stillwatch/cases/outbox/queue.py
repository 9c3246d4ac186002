"""Queue a message in the transaction of the event that it tells of."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from stillwatch.cases.event import FIRST
from stillwatch.cases.models import EventRow
from stillwatch.cases.outbox.message import Message
from stillwatch.cases.outbox.rows import MessageRow

AT_ONCE = 500
"""Keys that are named in one statement."""
QUEUED, PLANNED, NOBODY, PRUNED = "queued", "planned", "no channel", "pruned"
"""States of a message: not looked at yet; its channels are chosen; no channel wants it; only its key is
kept.
"""


def queue(session: Session, message: Message) -> bool:
    """Queue a message, within a session that writes; False: a message of that key was queued before.

    It is there if what the session writes is, and else it is not.
    """
    if session.scalar(sa.select(MessageRow.id).where(MessageRow.key == message.key)) is not None:
        return False
    last = session.scalar(sa.select(sa.func.max(MessageRow.id))) or 0
    session.execute(
        sa.insert(MessageRow).values(
            id=last + 1,
            uid=uid_of(session, message.key),
            topic=message.topic,
            key=message.key,
            case_id=message.case,
            body=message.written(),
            made=round(time.time(), 6),
            state=QUEUED,
        )
    )
    return True


def queued_before(session: Session, keys: Iterable[str]) -> set[str]:
    """Return those of some keys of which a message was queued."""
    wanted = list(keys)
    parts = (wanted[start : start + AT_ONCE] for start in range(0, len(wanted), AT_ONCE))
    return {
        key
        for part in parts
        for key in session.scalars(sa.select(MessageRow.key).where(MessageRow.key.in_(part)))
    }


def body_of(row: MessageRow) -> dict[str, Any]:
    """Return what a message says; nothing where somebody edited it into what cannot be read."""
    try:
        found = json.loads(row.body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def uid_of(session: Session, key: str) -> str:
    """Return the id by which receivers know a message: of its key, and of the store by its first event."""
    first = session.scalar(sa.select(EventRow.hash).where(EventRow.seq == 1)) or FIRST
    return f"msg_{hashlib.sha256(f'{first} {key}'.encode()).hexdigest()[:32]}"
