"""Users: made by an admin, or at the first start; none is ever deleted, since events name them."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from stillwatch.cases.access_models import CredentialRow, SessionRow, TokenRow, UserRow
from stillwatch.cases.words import folded, name_of
from stillwatch.console.access.log import Access, logged
from stillwatch.console.access.secrets import fresh, hashed
from stillwatch.console.role import Role
from stillwatch.errors import CaseError
from stillwatch.guard.moments import told

LINK, PASSWORD, PASSKEY, OIDC = "link", "password", "passkey", "oidc"
"""Kinds of credentials."""


@dataclass(frozen=True)
class Known:
    """A user."""

    id: int
    """Number."""
    name: str
    """Name, as events tell it."""
    role: Role
    """What they may do."""
    disabled: bool
    """Whether they may not sign in."""
    made: float
    """When they were made, POSIX seconds."""
    methods: tuple[str, ...] = ()
    """What they can sign in with, each once."""

    def document(self) -> dict[str, Any]:
        """Return it for people and programs."""
        return {
            "user": self.name,
            "role": self.role.word,
            "disabled": self.disabled,
            "made": told(self.made),
            "signs_in_with": list(self.methods),
        }


def everybody(session: Session) -> list[Known]:
    """Return all users, by number."""
    methods: dict[int, list[str]] = {}
    for user, kind in session.execute(
        sa.select(CredentialRow.user_id, CredentialRow.kind).distinct().where(CredentialRow.kind != LINK)
    ):
        methods.setdefault(user, []).append(kind)
    rows = session.scalars(sa.select(UserRow).order_by(UserRow.id))
    return [_known(row, tuple(sorted(methods.get(row.id, ())))) for row in rows]


def named(session: Session, name: str) -> Known | None:
    """Return the user of a name, whatever its case and spaces; None where there is none."""
    row = session.scalars(sa.select(UserRow).where(UserRow.folded == folded(name))).first()
    return _known(row) if row else None


def numbered(session: Session, number: int) -> Known | None:
    """Return the user of a number; None where there is none."""
    row = session.get(UserRow, number)
    return _known(row) if row else None


def must_be(session: Session, name: str) -> Known:
    """Return the user of a name. Raises CaseError where there is none."""
    found = named(session, name)
    if found is None:
        raise CaseError(
            "there is no such user",
            where=name[:80],
            do="see `stillwatch console user list` for those there are",
        )
    return found


def add(session: Session, name: str, role: Role, by: str) -> Known:
    """Make a user. Raises CaseError for a name that is none, or that somebody has."""
    shown = name_of(name, "name")
    if named(session, shown) is not None:
        raise CaseError("somebody has this name", where=shown, do="choose another one")
    now = time.time()
    number = (session.scalar(sa.select(sa.func.max(UserRow.id))) or 0) + 1
    values = {"id": number, "name": shown, "folded": folded(shown), "role": role.word, "disabled": False}
    session.execute(sa.insert(UserRow).values(**values, made=now, changed=now))
    logged(session, by, Access.USER, shown, done="made", role=role.word)
    return Known(number, shown, role, False, now)


def give_role(session: Session, user: Known, role: Role, by: str, *, last: bool = False) -> None:
    """Give a user another role; their sessions end, so that none keeps what it was. Raises CaseError where no
    admin would be left, unless `last` allows it: groups of a provider are not ours to refuse.
    """
    if role is not Role.ADMIN and not last:
        _must_leave_an_admin(session, user)
    session.execute(
        sa.update(UserRow).where(UserRow.id == user.id).values(role=role.word, changed=time.time())
    )
    end_sessions(session, user.id)
    logged(session, by, Access.USER, user.name, done="role", was=user.role.word, role=role.word)


def disable(session: Session, user: Known, disabled: bool, by: str) -> None:
    """Keep a user out, sessions and tokens too, or let them in again. Raises CaseError where no admin would
    be left.
    """
    if disabled:
        _must_leave_an_admin(session, user)
        end_sessions(session, user.id)
        session.execute(sa.delete(TokenRow).where(TokenRow.user_id == user.id))
    session.execute(
        sa.update(UserRow).where(UserRow.id == user.id).values(disabled=disabled, changed=time.time())
    )
    logged(session, by, Access.USER, user.name, done="disabled" if disabled else "enabled")


def end_sessions(session: Session, user: int, but: str = "") -> int:
    """End a user's sessions but one; return how many there were."""
    done = session.execute(sa.delete(SessionRow).where(SessionRow.user_id == user, SessionRow.hash != but))
    return int(getattr(done, "rowcount", 0))


def make_link(session: Session, user: Known, hours: float, by: str) -> str:
    """Return the secret of a one-time link with which a user sets a password; earlier ones end."""
    secret, now = fresh(), time.time()
    session.execute(
        sa.delete(CredentialRow).where(CredentialRow.user_id == user.id, CredentialRow.kind == LINK)
    )
    add_credential(session, user.id, LINK, lookup=hashed(secret), expires=now + hours * 3600)
    logged(session, by, Access.CREDENTIAL, user.name, done="link made", hours=hours)
    return secret


def of_link(session: Session, secret: str, now: float) -> Known | None:
    """Return the user of a one-time link that still works; None where it does not."""
    row = session.scalars(
        sa.select(CredentialRow).where(CredentialRow.kind == LINK, CredentialRow.lookup == hashed(secret))
    ).first()
    if row is None or (row.expires or 0) < now:
        return None
    user = numbered(session, row.user_id)
    return None if user is None or user.disabled else user


def set_password(session: Session, user: Known, kept: str, by: str) -> None:
    """Set the hash of a user's password; links and all sessions end."""
    for kind in (LINK, PASSWORD):
        session.execute(
            sa.delete(CredentialRow).where(CredentialRow.user_id == user.id, CredentialRow.kind == kind)
        )
    add_credential(session, user.id, PASSWORD, lookup=str(user.id), secret=kept)
    end_sessions(session, user.id)
    logged(session, by, Access.CREDENTIAL, user.name, done="password set")


def renew_password(session: Session, user: Known, kept: str) -> None:
    """Replace the hash of the same password by one with today's parameters."""
    session.execute(
        sa.update(CredentialRow)
        .where(CredentialRow.user_id == user.id, CredentialRow.kind == PASSWORD)
        .values(secret=kept)
    )


def password_of(session: Session, user: int) -> str | None:
    """Return the hash of a user's password; None where there is none."""
    return session.scalar(
        sa.select(CredentialRow.secret).where(CredentialRow.user_id == user, CredentialRow.kind == PASSWORD)
    )


def passkeys_of(session: Session, user: int) -> list[CredentialRow]:
    """Return a user's passkeys."""
    query = sa.select(CredentialRow).where(CredentialRow.user_id == user, CredentialRow.kind == PASSKEY)
    return list(session.scalars(query.order_by(CredentialRow.id)))


def add_credential(
    session: Session,
    user: int,
    kind: str,
    *,
    lookup: str,
    secret: str = "",
    name: str = "",
    counter: int = 0,
    expires: float | None = None,
) -> None:
    """Write one credential."""
    number = (session.scalar(sa.select(sa.func.max(CredentialRow.id))) or 0) + 1
    session.execute(
        sa.insert(CredentialRow).values(
            id=number,
            user_id=user,
            kind=kind,
            name=name,
            lookup=lookup,
            secret=secret,
            counter=counter,
            made=time.time(),
            expires=expires,
        )
    )


def _must_leave_an_admin(session: Session, user: Known) -> None:
    others = session.scalar(
        sa.select(sa.func.count())
        .select_from(UserRow)
        .where(UserRow.role == Role.ADMIN.word, UserRow.disabled.is_(False), UserRow.id != user.id)
    )
    if user.role is Role.ADMIN and not user.disabled and not others:
        raise CaseError(
            "nobody would be left who may manage users", where=user.name, do="make another admin first"
        )


def _known(row: UserRow, methods: tuple[str, ...] = ()) -> Known:
    return Known(row.id, row.name, Role.named(row.role), row.disabled, row.made, methods)
