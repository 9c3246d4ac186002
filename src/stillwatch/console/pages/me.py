"""One's own account: sessions, passkeys, tokens, password."""

from __future__ import annotations

from typing import Annotated

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import Session

from stillwatch.cases.access_models import CredentialRow
from stillwatch.console.access import passwords, sessions, tokens, users
from stillwatch.console.access.log import Access, logged
from stillwatch.console.access.users import Known
from stillwatch.console.act import Act
from stillwatch.console.done import Done
from stillwatch.console.not_there import NotThere
from stillwatch.console.page import Page
from stillwatch.console.role import Role
from stillwatch.console.seen import Seen
from stillwatch.console.shown import Column, Rows, Shown
from stillwatch.errors import CaseError

SHORT = 16
"""Digits by which a session is named."""
SESSIONS = (
    Column("session", "Session", "code"),
    Column("this", "This one"),
    Column("method", "Signed in with"),
    Column("address", "From"),
    Column("agent", "Browser"),
    Column("made", "Since", "time"),
    Column("used", "Last used", "time"),
)
TOKENS = (
    Column("id", "Token"),
    Column("name", "For"),
    Column("role", "Role"),
    Column("read_only", "Only reads"),
    Column("made", "Made", "time"),
    Column("expires", "Ends", "time"),
    Column("used", "Last used", "time"),
)
PASSKEYS = (
    Column("id", "Passkey"),
    Column("name", "Name"),
    Column("made", "Made", "time"),
    Column("used", "Last used", "time"),
)


class SessionFields(msgspec.Struct):
    """A session; empty: all but this one."""

    session: Annotated[str, msgspec.Meta(max_length=64)] = ""


class TokenFields(msgspec.Struct):
    """A token to make."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=80)]
    role: str = Role.VIEWER.word
    read_only: bool = False
    days: Annotated[float, msgspec.Meta(gt=0, le=3_650)] = 30.0


class PasswordFields(msgspec.Struct):
    """A new password."""

    current: Annotated[str, msgspec.Meta(max_length=1_024)]
    password: Annotated[str, msgspec.Meta(max_length=1_024)]
    again: Annotated[str, msgspec.Meta(max_length=1_024)]


class Nothing(msgspec.Struct):
    """No fields."""


def me(seen: Seen) -> Shown:
    """Return one's sessions, passkeys and tokens."""
    settings = seen.doors.settings.console
    with seen.doors.cases.database.reading() as session:
        mine = [
            {
                "session": row.hash[:SHORT],
                "this": "yes" if row.hash == seen.user.session else "",
                "method": row.method,
                "address": row.address,
                "agent": row.agent,
                "made": row.made,
                "used": row.used,
            }
            for row in sessions.all_of(session, seen.user.id, seen.now, settings)
        ]
        made = [
            {column.name: getattr(row, column.name) for column in TOKENS}
            for row in tokens.all_of(session, seen.user.id)
        ]
        keys = [
            {column.name: getattr(row, column.name) for column in PASSKEYS}
            for row in users.passkeys_of(session, seen.user.id)
        ]
        password = users.password_of(session, seen.user.id) is not None
    values = {
        "name": seen.user.name,
        "role": seen.user.role.word,
        "roles": [role.word for role in Role if seen.user.may(role)],
        "most_days": settings.token_days,
        "has_password": password,
        "shortest": passwords.SHORTEST,
    }
    tables = {
        "sessions": Rows(SESSIONS, mine, "Sessions"),
        "tokens": Rows(TOKENS, made, "Tokens for programs"),
        "passkeys": Rows(PASSKEYS, keys, "Passkeys"),
    }
    return Shown("me.html", values, tables)


def end_session(seen: Seen, fields: SessionFields) -> Done:
    """End one session, or all but this one."""
    with seen.doors.cases.database.writing() as session:
        if fields.session:
            live = sessions.all_of(session, seen.user.id, seen.now, seen.doors.settings.console)
            found = [row.hash for row in live if row.hash[:SHORT] == fields.session]
            if not found:
                raise NotThere("there is no such session", where=fields.session, do="look at the list again")
            count = sum(sessions.end(session, one, seen.user.id) for one in found)
        else:
            found = []
            count = users.end_sessions(session, seen.user.id, but=seen.user.session)
        logged(session, seen.user.name, Access.SIGNED_OUT, seen.user.name, count=count)
    out = seen.user.session in found
    told = "The session has ended." if fields.session else f"{count} other sessions have ended."
    return Done("/sign-in" if out else "/me", told, {"ended": count}, signed_out=out)


def make_token(seen: Seen, fields: TokenFields) -> Done:
    """Make a token."""
    with seen.doors.cases.database.writing() as session:
        number, secret = tokens.make(
            session,
            _own(session, seen),
            fields.name,
            Role.named(fields.role),
            read_only=fields.read_only,
            days=fields.days,
            settings=seen.doors.settings.console,
            by=seen.user.name,
        )
    return Done("/me", f"Token {number} is made.", {"token": number}, once={"token": secret})


def end_token(seen: Seen, _fields: Nothing) -> Done:
    """Take a token away; with a token, only itself: whoever stole one must not end the others."""
    if seen.user.token and seen.user.token != _number(seen):
        raise CaseError(
            "a token can end only itself", where=f"token {_number(seen)}", do="sign in to end others"
        )
    with seen.doors.cases.database.writing() as session:
        tokens.end(session, _number(seen), _own(session, seen), seen.user.name)
    return Done("/me", "The token does not work any more.")


def change_password(seen: Seen, fields: PasswordFields) -> Done:
    """Set another password; all sessions end, this one too."""
    database = seen.doors.cases.database
    with database.reading() as session:
        user, kept = _own(session, seen), users.password_of(session, seen.user.id)
    # Who signed in with an OpenID provider or a passkey has none yet; the act asks for a fresh sign-in.
    if kept is not None and not passwords.verified(kept, fields.current, known=True):
        raise CaseError("the current password is wrong", where="current", do="type the one that you have now")
    if fields.password != fields.again:
        raise CaseError("the two are not equal", where="again", do="type the same one twice")
    made = passwords.hash_of(passwords.acceptable(fields.password, user.name))
    with database.writing() as session:
        users.set_password(session, user, made, seen.user.name)
    return Done("/sign-in", "The password is set; sign in with it.", signed_out=True)


def end_passkey(seen: Seen, _fields: Nothing) -> Done:
    """Take a passkey away."""
    with seen.doors.cases.database.writing() as session:
        row = session.get(CredentialRow, _number(seen))
        if row is None or row.user_id != seen.user.id or row.kind != users.PASSKEY:
            raise NotThere("there is no such passkey", where="the address", do="look at the list again")
        session.execute(sa.delete(CredentialRow).where(CredentialRow.id == row.id))
        logged(session, seen.user.name, Access.CREDENTIAL, seen.user.name, done="passkey taken away")
    return Done("/me", "The passkey does not work any more.")


def _own(session: Session, seen: Seen) -> Known:
    found = users.numbered(session, seen.user.id)
    assert found is not None  # users are never deleted
    return found


def _number(seen: Seen) -> int:
    return min(int(seen.path["number"]), 2**31 - 1)


PAGES = (Page("/me", "Your account", Role.VIEWER, me),)
ACTS = (
    Act("/me/sessions/end", "End sessions", Role.VIEWER, SessionFields, end_session),
    Act("/me/tokens", "Make a token", Role.VIEWER, TokenFields, make_token, fresh=True),
    Act("/me/tokens/{number:int}/end", "Take a token away", Role.VIEWER, Nothing, end_token),
    Act("/me/password", "Set a password", Role.VIEWER, PasswordFields, change_password, fresh=True),
    Act(
        "/me/passkeys/{number:int}/end", "Take a passkey away", Role.VIEWER, Nothing, end_passkey, fresh=True
    ),
)
