"""Users of the console: made, given roles, kept out."""

from __future__ import annotations

from typing import Annotated

import msgspec
from sqlalchemy.orm import Session

from stillwatch.console.access import users
from stillwatch.console.access.users import Known
from stillwatch.console.act import Act
from stillwatch.console.done import Done
from stillwatch.console.not_there import NotThere
from stillwatch.console.page import Page
from stillwatch.console.role import Role
from stillwatch.console.seen import Seen
from stillwatch.console.shown import Column, Rows, Shown

COLUMNS = (
    Column("id", "User"),
    Column("name", "Name"),
    Column("role", "Role"),
    Column("disabled", "Kept out"),
    Column("methods", "Signs in with", "words"),
    Column("made", "Made", "time"),
)


class UserFields(msgspec.Struct):
    """A user to make."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    role: str = Role.VIEWER.word


class RoleFields(msgspec.Struct):
    """A role to give."""

    role: str


class DisabledFields(msgspec.Struct):
    """Whether somebody is kept out."""

    disabled: bool


class Nothing(msgspec.Struct):
    """No fields."""


def everybody(seen: Seen) -> Shown:
    """Return all users."""
    with seen.doors.cases.database.reading() as session:
        found = users.everybody(session)
    rows = [
        {
            "id": user.id,
            "name": user.name,
            "role": user.role.word,
            "disabled": user.disabled,
            "methods": list(user.methods),
            "made": user.made,
        }
        for user in found
    ]
    return Shown(
        "users.html", {"roles": [role.word for role in Role]}, {"users": Rows(COLUMNS, rows, "Users")}
    )


def make(seen: Seen, fields: UserFields) -> Done:
    """Make a user, and the link with which they set a password."""
    with seen.doors.cases.database.writing() as session:
        user = users.add(session, fields.name, Role.named(fields.role), seen.user.name)
        link = users.make_link(session, user, seen.doors.settings.console.link_hours, seen.user.name)
    return _linked(seen, user, link, f"{user.name} is made, {user.role.word}.")


def give_role(seen: Seen, fields: RoleFields) -> Done:
    """Give a user another role; their sessions end."""
    with seen.doors.cases.database.writing() as session:
        user = _user(session, seen)
        users.give_role(session, user, Role.named(fields.role), seen.user.name)
    mine = user.id == seen.user.id
    return Done("/sign-in" if mine else "/users", f"{user.name} is {fields.role} now.", signed_out=mine)


def keep_out(seen: Seen, fields: DisabledFields) -> Done:
    """Keep a user out, or let them in again."""
    with seen.doors.cases.database.writing() as session:
        user = _user(session, seen)
        users.disable(session, user, fields.disabled, seen.user.name)
    return Done("/users", f"{user.name} {'is kept out' if fields.disabled else 'may sign in again'}.")


def reset(seen: Seen, _fields: Nothing) -> Done:
    """Make a one-time link with which a user sets another password."""
    with seen.doors.cases.database.writing() as session:
        user = _user(session, seen)
        link = users.make_link(session, user, seen.doors.settings.console.link_hours, seen.user.name)
    return _linked(seen, user, link, f"A link for {user.name} is made; earlier ones do not work any more.")


def _linked(seen: Seen, user: Known, link: str, said: str) -> Done:
    once = {"link": f"{seen.doors.origin}/welcome/{link}"}
    return Done("/users", f"{said} Give them this link; it works once.", {"user": user.id}, once=once)


def _user(session: Session, seen: Seen) -> Known:
    number = int(seen.path["number"])
    found = users.numbered(session, number) if number < 2**31 else None
    if found is None:
        raise NotThere("there is no such user", where=f"user {number}", do="look at the list again")
    return found


PAGES = (Page("/users", "Users", Role.ADMIN, everybody, menu=90),)
ACTS = (
    Act("/users", "Make a user", Role.ADMIN, UserFields, make, fresh=True),
    Act("/users/{number:int}/role", "Give a role", Role.ADMIN, RoleFields, give_role, fresh=True),
    Act("/users/{number:int}/disabled", "Keep a user out", Role.ADMIN, DisabledFields, keep_out, fresh=True),
    Act("/users/{number:int}/reset", "Make a one-time link", Role.ADMIN, Nothing, reset, fresh=True),
)
