"""Tokens for programs: a role that is no higher than their user's, an end, shown once."""

from __future__ import annotations

import time
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from stillwatch.cases.access_models import TokenRow, UserRow
from stillwatch.cases.words import text_of
from stillwatch.console.access.log import Access, logged
from stillwatch.console.access.secrets import fresh, hashed
from stillwatch.console.access.users import Known
from stillwatch.console.role import Role
from stillwatch.console.seen import User
from stillwatch.console_settings import ConsoleSettings
from stillwatch.errors import CaseError

PREFIX = "stw_"
"""How each token begins, so that scanners of code find one that was committed."""
TOUCH_S = 60.0
"""Seconds between two writes of when a token was last used."""
MOST = 50
"""Tokens of one user."""


def make(
    session: Session,
    user: Known,
    name: str,
    role: Role,
    *,
    read_only: bool,
    days: float,
    settings: ConsoleSettings,
    by: str,
) -> tuple[int, str]:
    """Make a token; return its number and its secret. Raises CaseError for a role above the user's and for
    more days than the settings allow.
    """
    label = text_of(name, "name", 80)
    if role > user.role:
        raise CaseError(
            "a token may not do more than its user", where=role.word, do=f"choose {user.role.word} or less"
        )
    if not 0 < days <= settings.token_days:
        raise CaseError(
            f"a token ends after {settings.token_days:g} days at most",
            where="days",
            do="choose fewer, or raise console.token_days",
        )
    numbers = session.scalars(sa.select(TokenRow.id).where(TokenRow.user_id == user.id)).all()
    if len(numbers) >= MOST:
        raise CaseError(f"a user has {MOST} tokens at most", where=user.name, do="take one away first")
    number = (session.scalar(sa.select(sa.func.max(TokenRow.id))) or 0) + 1
    secret, now = PREFIX + fresh(), time.time()
    session.execute(
        sa.insert(TokenRow).values(
            id=number,
            user_id=user.id,
            name=label,
            hash=hashed(secret),
            role=role.word,
            read_only=read_only,
            made=now,
            expires=now + days * 86_400,
        )
    )
    told: dict[str, Any] = {"token": label, "role": role.word, "read_only": read_only, "days": days}
    logged(session, by, Access.TOKEN, user.name, done="made", **told)
    return number, secret


def of(session: Session, secret: str, now: float) -> tuple[User, bool] | None:
    """Return whose token it is, and whether its use should be written down; None where it has ended."""
    row = session.execute(
        sa.select(TokenRow, UserRow)
        .join(UserRow, UserRow.id == TokenRow.user_id)
        .where(TokenRow.hash == hashed(secret))
    ).first()
    if row is None:
        return None
    found, user = row
    if user.disabled or found.expires < now:
        return None
    role = min(Role.named(found.role), Role.named(user.role))
    told = User(user.id, user.name, Role(role), token=found.id, read_only=found.read_only)
    return told, now - (found.used or 0) > TOUCH_S


def touch(session: Session, number: int, now: float) -> None:
    """Write down that a token is in use."""
    session.execute(sa.update(TokenRow).where(TokenRow.id == number).values(used=now))


def all_of(session: Session, user: int) -> list[TokenRow]:
    """Return a user's tokens, ended ones too."""
    return list(session.scalars(sa.select(TokenRow).where(TokenRow.user_id == user).order_by(TokenRow.id)))


def end(session: Session, number: int, user: Known, by: str) -> None:
    """Take a token away. Raises CaseError where the user has none of that number."""
    row = session.get(TokenRow, number)
    if row is None or row.user_id != user.id:
        raise CaseError("there is no such token", where=f"token {number}", do="look at the list again")
    session.execute(sa.delete(TokenRow).where(TokenRow.id == number))
    logged(session, by, Access.TOKEN, user.name, done="taken away", token=row.name)
