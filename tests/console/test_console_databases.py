"""Users, sessions, tokens and the access log on both databases, and the way down and up with them in it."""

from __future__ import annotations

import time

import pytest
from case_stores import sql

from stillwatch.cases import Cases
from stillwatch.cases.schema import NEWEST, bring_to
from stillwatch.console.access import log, sessions, tokens, users
from stillwatch.console.access.sessions import Where
from stillwatch.console.role import Role
from stillwatch.console.sign_in.challenges import challenge, spend
from stillwatch.console_settings import ConsoleSettings
from stillwatch.errors import CaseError

SETTINGS = ConsoleSettings()


def test_the_same_on_both(place: str) -> None:
    with Cases(place, create=True) as cases:
        with cases.database.writing() as session:
            user = users.add(session, "Anna", Role.ADMIN, "test")
            link = users.make_link(session, user, 1, "test")
            secret = sessions.start(session, user.id, "link", Where("192.0.2.1", "agent"))
            number, token = tokens.make(
                session, user, "x", Role.VIEWER, read_only=True, days=1, settings=SETTINGS, by="test"
            )
            given = challenge("secret", "x", time.time())
            assert spend(session, given, time.time())
            assert not spend(session, given, time.time())
        now = time.time()
        with cases.database.reading() as session:
            assert users.of_link(session, link, now) == user
            assert users.of_link(session, link, now + 3_700) is None
            found = sessions.of(session, secret, now, SETTINGS)
            assert found is not None
            assert (found[0].name, found[0].role, found[1]) == ("Anna", Role.ADMIN, False)
            held = tokens.of(session, token, now)
            assert held is not None
            assert (held[0].role, held[0].read_only, held[0].token) == (Role.VIEWER, True, number)
            assert list(log.faults(session)) == []
        with cases.database.writing() as session:
            users.set_password(session, user, "$argon2id$", "test")
            assert users.password_of(session, user.id) == "$argon2id$"
        with cases.database.reading() as session:
            assert users.of_link(session, link, now) is None
            assert sessions.of(session, secret, now, SETTINGS) is None
            assert len(log.entries(session)) == 4


def test_the_access_log_only_grows_on_both(place: str) -> None:
    with Cases(place, create=True) as cases:
        with cases.database.writing() as session:
            users.add(session, "Anna", Role.ADMIN, "test")
        for statement in ("UPDATE access_log SET actor = 'x'", "DELETE FROM access_log"):
            with pytest.raises(Exception, match="only grows"):
                sql(place, statement)
        with cases.database.reading() as session:
            assert len(log.entries(session)) == 1


def test_down_and_up_with_users_in_it(place: str) -> None:
    with Cases(place, create=True) as cases:
        with cases.database.writing() as session:
            user = users.add(session, "Anna", Role.ADMIN, "test")
            users.make_link(session, user, 1, "test")
        with cases.database.writing() as session:
            bring_to(session, "0002")
        with pytest.raises(CaseError, match="older version"):
            Cases(place)
        with cases.database.writing() as session:
            bring_to(session, NEWEST)
        with cases.database.reading() as session:
            assert users.everybody(session) == [], "who may come in is not kept by the way down"
            assert log.entries(session) == []
