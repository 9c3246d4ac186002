"""The access log: append-only, each entry chained to the one before it, as events of cases are."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from stillwatch.cases.access_models import AccessRow
from stillwatch.cases.event import FIRST, canonical
from stillwatch.guard.moments import told


class Access(StrEnum):
    """What is logged."""

    SIGNED_IN = "signed in"
    """Somebody signed in, or proved again who they are."""
    SIGNED_OUT = "signed out"
    """A session was ended, or several."""
    REFUSED = "sign-in refused"
    """Sign-ins failed, counted since the entry before; typed names are not kept: some are passwords."""
    USER = "user"
    """A user was made, got another role, was disabled or enabled."""
    CREDENTIAL = "credential"
    """A password, a passkey or a one-time link was made, used up or taken away."""
    TOKEN = "token"  # noqa: S105 - no password
    """A token was made or taken away."""
    TEXT = "text"
    """Somebody looked at a text of a customer."""


@dataclass(frozen=True)
class Entry:
    """One entry."""

    seq: int
    """Its number, from 1, without gaps."""
    time: float
    """When, POSIX seconds."""
    actor: str
    """Who; empty: nobody who is known."""
    action: str
    """What: one of Access."""
    subject: str
    """Whom or what it is about."""
    reason: str
    """Why, where it was asked for."""
    detail: Mapping[str, Any]
    """More, as what role; never a secret, never a text of a customer."""
    before: str
    """Hash of the entry before it."""
    hash: str
    """SHA-256 over all the fields above, as canonical JSON."""

    def document(self) -> dict[str, Any]:
        """Return it for people and programs."""
        return {
            "seq": self.seq,
            "time": told(self.time),
            "actor": self.actor,
            "action": self.action,
            "subject": self.subject,
            "reason": self.reason,
            "detail": dict(self.detail),
            "hash": self.hash,
        }


def logged(
    session: Session, actor: str, action: Access, subject: str, reason: str = "", **detail: Any
) -> None:
    """Write an entry, in the transaction of what it tells of; the session must be the writer's."""
    last = session.execute(
        sa.select(AccessRow.seq, AccessRow.hash).order_by(AccessRow.seq.desc()).limit(1)
    ).first()
    seq, before = (last[0] + 1, last[1]) if last else (1, FIRST)
    moment = round(time.time(), 6)
    fields = (seq, moment, actor, str(action), subject, reason, detail)
    row = dict(zip(("seq", "time", "actor", "action", "subject", "reason"), fields, strict=False))
    session.execute(
        sa.insert(AccessRow).values(
            **row, detail=canonical(detail), before=before, hash=_hash(*fields, before)
        )
    )


def entries(
    session: Session, *, before: int = 0, most: int | None = None, newest: bool = False
) -> list[Entry]:
    """Return entries, at most so many; the newest first if asked for. before: only those with a smaller
    number; 0: all.
    """
    query = sa.select(AccessRow).order_by(AccessRow.seq.desc() if newest else AccessRow.seq)
    if before:
        query = query.where(AccessRow.seq < before)
    rows = session.scalars(query if most is None else query.limit(most))
    return [
        Entry(
            row.seq,
            row.time,
            row.actor,
            row.action,
            row.subject,
            row.reason,
            _read(row.detail),
            row.before,
            row.hash,
        )
        for row in rows
    ]


def faults(session: Session) -> Iterator[str]:
    """Say what does not hold: an entry that was changed, taken out or put in between."""
    expected, before = 1, FIRST
    for entry in entries(session):
        if entry.seq != expected:
            yield f"entry {expected} is missing"
        elif entry.before != before:
            yield f"entry {entry.seq} does not follow the one before it"
        fields = (entry.seq, entry.time, entry.actor, entry.action, entry.subject, entry.reason)
        if entry.hash != _hash(*fields, entry.detail, entry.before):
            yield f"entry {entry.seq} was edited"
        expected, before = entry.seq + 1, entry.hash


def _hash(*fields: Any) -> str:
    return hashlib.sha256(canonical(list(fields)).encode("ascii")).hexdigest()


def _read(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return {"no JSON": text}
