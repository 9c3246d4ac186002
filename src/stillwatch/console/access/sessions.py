"""Sessions of browsers: a random secret in a cookie, its hash in the store, an end that no use moves."""

from __future__ import annotations

import time
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from stillwatch.cases.access_models import SessionRow, UserRow
from stillwatch.console.access.secrets import fresh, hashed
from stillwatch.console.role import Role
from stillwatch.console.seen import User
from stillwatch.console_settings import ConsoleSettings

TOUCH_S = 60.0
"""Seconds between two writes of when a session was last used."""
MOST = 20
"""Sessions of a user; the one that was used the longest ago ends."""


@dataclass(frozen=True)
class Where:
    """Where a browser is."""

    address: str = ""
    """Its address."""
    agent: str = ""
    """What it says that it is, cut short."""


def start(session: Session, user: int, method: str, where: Where, proved: float | None = None) -> str:
    """Begin a session; return its secret, for the cookie. proved: when they proved who they are, POSIX
    seconds; None: just now.
    """
    secret, now = fresh(), time.time()
    hashes = session.scalars(
        sa.select(SessionRow.hash).where(SessionRow.user_id == user).order_by(SessionRow.used.desc())
    ).all()
    for old in hashes[MOST - 1 :]:
        session.execute(sa.delete(SessionRow).where(SessionRow.hash == old))
    session.execute(
        sa.insert(SessionRow).values(
            hash=hashed(secret),
            user_id=user,
            method=method,
            made=now,
            used=now,
            proved=now if proved is None else proved,
            address=where.address[:64],
            agent=where.agent[:200],
        )
    )
    return secret


def of(session: Session, secret: str, now: float, settings: ConsoleSettings) -> tuple[User, bool] | None:
    """Return whose session a secret is of, and whether its use should be written down; None where it has
    ended.
    """
    row = session.execute(
        sa.select(SessionRow, UserRow)
        .join(UserRow, UserRow.id == SessionRow.user_id)
        .where(SessionRow.hash == hashed(secret))
    ).first()
    if row is None:
        return None
    found, user = row
    if user.disabled or _ended(found, now, settings):
        return None
    told = User(user.id, user.name, Role.named(user.role), session=found.hash, proved=found.proved)
    return told, now - found.used > TOUCH_S


def touch(session: Session, hash_: str, now: float) -> None:
    """Write down that a session is in use."""
    session.execute(sa.update(SessionRow).where(SessionRow.hash == hash_).values(used=now))


def all_of(session: Session, user: int, now: float, settings: ConsoleSettings) -> list[SessionRow]:
    """Return a user's sessions that have not ended, the newest first."""
    rows = session.scalars(
        sa.select(SessionRow).where(SessionRow.user_id == user).order_by(SessionRow.used.desc())
    )
    return [row for row in rows if not _ended(row, now, settings)]


def end(session: Session, hash_: str, user: int | None = None) -> bool:
    """End one session, of a user where one is named; return whether there was one."""
    query = sa.delete(SessionRow).where(SessionRow.hash == hash_)
    done = session.execute(query if user is None else query.where(SessionRow.user_id == user))
    return bool(getattr(done, "rowcount", 0))


def sweep(session: Session, now: float, settings: ConsoleSettings) -> None:
    """Take out sessions that have ended."""
    session.execute(
        sa.delete(SessionRow).where(
            sa.or_(
                SessionRow.used < now - settings.idle_minutes * 60,
                SessionRow.made < now - settings.session_hours * 3600,
            )
        )
    )


def _ended(row: SessionRow, now: float, settings: ConsoleSettings) -> bool:
    return row.used < now - settings.idle_minutes * 60 or row.made < now - settings.session_hours * 3600
