"""The first start: a store, and one user who may make others."""

from __future__ import annotations

from stillwatch.cases.cases import Cases
from stillwatch.console.access import users
from stillwatch.console.role import Role
from stillwatch.settings import Settings

MACHINE = "stillwatch serve"
"""Who the access log says has made the first user."""


def first_link(db: str, settings: Settings, name: str) -> str:
    """Make the store where there is none. Return the secret of a one-time link while nobody can sign in: of
    the first user, who is made then; empty once somebody can.
    """
    with Cases(db, create=True, settings=settings.cases) as cases, cases.database.writing() as session:
        there = users.everybody(session)
        if any(user.methods for user in there):
            return ""
        first = there[0] if there else users.add(session, name, Role.ADMIN, MACHINE)
        return users.make_link(session, first, settings.console.link_hours, MACHINE)
