"""Signing in with a password and with a one-time link; sessions, and what ends them."""

from __future__ import annotations

import time
from typing import Any

import pytest
from console_parts import OURS, Browser, Console, long_ago
from starlette.testclient import TestClient

from stillwatch.cases import Cases
from stillwatch.cases.access_models import SessionRow, TokenRow
from stillwatch.console.access import passwords, users
from stillwatch.console.access.log import entries, faults
from stillwatch.console.role import Role
from stillwatch.console.sign_in.beginning import safe_next
from stillwatch.console.start import first_link
from stillwatch.errors import CaseError
from stillwatch.settings import Settings

WORDS = "correct horse battery staple"


@pytest.fixture
def known(console: Console) -> Console:
    """A console whose analyst has a password."""
    with console.cases.database.writing() as session:
        user = users.must_be(session, "analyst")
        users.set_password(session, user, passwords.hash_of(WORDS), "test")
    return console


def sign_in(client: TestClient, name: str, password: str, there: str = "/") -> Any:
    return client.post("/sign-in", data={"name": name, "password": password, "next": there}, headers=OURS)


def test_a_password_signs_in(known: Console) -> None:
    client = known.client()
    answer = sign_in(client, "  ANALYST ", WORDS, "/cases?state=open")
    assert (answer.status_code, answer.headers["location"]) == (303, "/cases?state=open")
    cookie = next(one for one in answer.headers.get_list("set-cookie") if one.startswith("stillwatch="))
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    page = client.get("/cases")
    assert page.status_code == 200
    assert "You are signed in as analyst" in page.text
    assert "You are signed in" not in client.get("/cases").text, "it is said once"


@pytest.mark.parametrize(
    ("name", "password"), [("analyst", "wrong words here"), ("nobody", WORDS), ("viewer", WORDS)]
)
def test_a_wrong_password_says_the_same_as_an_unknown_name(known: Console, name: str, password: str) -> None:
    answer = sign_in(known.client(), name, password)
    assert answer.status_code == 401
    assert "The name or the password is wrong" in answer.text
    assert known.site.cookie not in answer.cookies


def test_an_unknown_name_costs_a_hash_too(known: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    hashed: list[str] = []
    real = passwords.HASHER.verify

    class Counting:
        def verify(self, kept: str, password: str) -> bool:
            hashed.append(kept)
            return real(kept, password)

        hash = staticmethod(passwords.HASHER.hash)
        check_needs_rehash = staticmethod(passwords.HASHER.check_needs_rehash)

    monkeypatch.setattr(passwords, "HASHER", Counting())
    for name in ("nobody", "analyst", "viewer"):
        sign_in(known.client(), name, "wrong words here")
    assert len(hashed) == 3
    assert all(one.startswith("$argon2id$v=19$m=65536,t=3,p=4$") for one in hashed)


def test_only_the_hash_of_a_session_is_kept(known: Console) -> None:
    client = known.client()
    sign_in(client, "analyst", WORDS)
    secret = client.cookies[known.site.cookie]
    assert len(secret) >= 43
    with known.cases.database.reading() as session:
        (row,) = session.query(SessionRow).all()
    assert secret not in (row.hash, row.agent)
    assert len(row.hash) == 64


def test_a_session_is_another_after_each_sign_in(known: Console) -> None:
    client = known.client()
    client.cookies.set(known.site.cookie, "chosen by somebody else", domain="console.test")
    sign_in(client, "analyst", WORDS)
    first = client.cookies[known.site.cookie]
    assert first != "chosen by somebody else"
    sign_in(client, "analyst", WORDS)
    again = known.client()
    again.cookies.set(known.site.cookie, first, domain="console.test")
    assert again.get("/").status_code == 303, "the earlier one has ended"


@pytest.mark.parametrize(("column", "ago"), [("used", 61 * 60), ("made", 12.1 * 3_600)])
def test_sessions_end_by_idleness_and_by_age(console: Console, column: str, ago: float) -> None:
    browser = console.browser(Role.VIEWER)
    assert browser.get("/").status_code == 200
    with console.cases.database.writing() as session:
        session.query(SessionRow).update({column: time.time() - ago})
    assert browser.get("/").status_code == 303


def test_a_user_sees_and_ends_sessions(console: Console) -> None:
    one, other = console.browser(Role.VIEWER), console.browser(Role.VIEWER)
    listed = one.get("/me?format=json").json()["tables"]["sessions"]["rows"]
    assert [row["this"] for row in listed].count("yes") == 1
    foreign = console.browser(Role.ADMIN)
    (theirs,) = foreign.get("/me?format=json").json()["tables"]["sessions"]["rows"]
    assert one.post("/me/sessions/end", {"session": theirs["session"]}).status_code == 404
    assert foreign.get("/").status_code == 200
    assert one.post("/me/sessions/end", {"session": ""}).status_code == 303
    assert other.get("/").status_code == 303
    assert one.get("/").status_code == 200
    assert one.post("/sign-out").status_code == 303
    assert one.get("/").status_code == 303


def test_another_role_or_being_kept_out_ends_sessions_and_tokens(console: Console) -> None:
    admin, viewer = console.browser(Role.ADMIN), console.browser(Role.VIEWER)
    assert admin.post("/users/1/role", {"role": "analyst"}).status_code == 303
    assert viewer.get("/").status_code == 303
    again = Browser(console.client(), "")
    with console.cases.database.reading() as session:
        assert users.must_be(session, "viewer").role is Role.ANALYST
    assert again.get("/").status_code == 303
    headers = console.token(Role.ADMIN)
    second = admin.post("/users", {"name": "Second admin", "role": "admin"})
    assert second.status_code == 200
    with console.cases.database.writing() as session:
        users.disable(session, users.must_be(session, "admin"), True, "test")
    assert admin.get("/").status_code == 303
    assert console.client().get("/api/v1/cases", headers=headers).status_code == 401


def test_the_last_admin_stays(console: Console) -> None:
    admin = console.browser(Role.ADMIN)
    for path, fields in (("/users/4/role", {"role": "viewer"}), ("/users/4/disabled", {"disabled": "true"})):
        answer = admin.post(path, fields)
        assert answer.status_code == 422
        assert "nobody would be left" in answer.text


def test_a_link_sets_a_password_once(console: Console) -> None:
    admin = console.browser(Role.ADMIN)
    told = admin.post("/users", {"name": "Ümit <b>", "role": "analyst"})
    assert "Ümit &lt;b&gt;" in told.text
    link = told.text.partition(f"{console.site.origin}/welcome/")[2].partition("<")[0]
    assert told.headers["cache-control"] == "no-store"
    client = console.client()
    assert client.get(f"/welcome/{link}").status_code == 200
    assert client.get(f"/welcome/{link}").status_code == 200, "looking does not use it up"
    for password, again in (("short", "short"), (WORDS, "other words than these"), ("a" * 20, "a" * 20)):
        answer = client.post(f"/welcome/{link}", data={"password": password, "again": again}, headers=OURS)
        assert answer.status_code == 422
    fields = {"password": WORDS, "again": WORDS}
    assert client.post(f"/welcome/{link}", data=fields, headers=OURS).status_code == 303
    assert client.get("/").status_code == 200
    assert console.client().post(f"/welcome/{link}", data=fields, headers=OURS).status_code == 404
    assert sign_in(console.client(), "Ümit <b>", WORDS).status_code == 303


def test_a_password_is_changed_and_ends_all_sessions(known: Console) -> None:
    here, there = known.browser(Role.ANALYST), known.browser(Role.ANALYST)
    new = "other words that are long"
    wrong = here.post("/me/password", {"current": "not these words", "password": new, "again": new})
    assert wrong.status_code == 422
    assert "not these words" not in wrong.text
    assert new not in wrong.text
    assert here.post("/me/password", {"current": WORDS, "password": new, "again": new}).status_code == 303
    assert here.get("/").status_code == there.get("/").status_code == 303
    assert sign_in(known.client(), "analyst", WORDS).status_code == 401
    assert sign_in(known.client(), "analyst", new).status_code == 303


def test_proving_again_begins_another_session(known: Console) -> None:
    browser = known.browser(Role.ANALYST, proved=long_ago())
    fields = {"name": "robot", "role": "viewer", "days": "3"}
    assert browser.post("/me/tokens", fields).status_code == 403
    assert browser.post("/sign-in/again", {"password": "wrong words here"}).status_code == 401
    answer = browser.post("/sign-in/again", {"password": WORDS, "next": "/me"})
    assert answer.headers["location"] == "/me"
    secret = browser.client.cookies[known.site.cookie]
    assert secret != browser.secret
    made = Browser(browser.client, secret).post("/me/tokens", fields)
    assert made.status_code == 200
    assert "stw_" in made.text


@pytest.mark.parametrize(
    "path",
    ["//evil.test", "https://evil.test", "/\\evil.test", "javascript:alert(1)", "", "/a\nb", "\\\\evil"],
)
def test_one_is_sent_on_within_the_site_only(path: str) -> None:
    assert safe_next(path) == "/"


def test_the_first_start_makes_one_user(console: Console, tmp_path: Any) -> None:
    place = str(tmp_path / "new.db")
    first = first_link(place, Settings(), "Anna")
    second = first_link(place, Settings(), "Anna")
    assert first != second, "only the newest link works"
    with Cases(place) as cases:
        fresh = Console(cases)
        data = {"password": WORDS, "again": WORDS}
        assert fresh.client().post(f"/welcome/{first}", data=data, headers=OURS).status_code == 404
        assert fresh.client().post(f"/welcome/{second}", data=data, headers=OURS).status_code == 303
        with cases.database.reading() as session:
            assert [(user.name, user.role) for user in users.everybody(session)] == [("Anna", Role.ADMIN)]
    assert first_link(place, Settings(), "Anna") == ""


def test_the_access_log_tells_who_did_what_and_no_secret(known: Console) -> None:
    client = known.client()
    for _ in range(3):
        sign_in(client, "a typed password", "wrong words here")
    sign_in(client, "analyst", WORDS)
    admin = known.browser(Role.ADMIN)
    admin.post("/me/tokens", {"name": "robot", "role": "viewer", "days": "3"})
    with known.cases.database.reading() as session:
        found = entries(session)
        assert list(faults(session)) == []
    assert {"sign-in refused", "signed in", "token", "user", "credential"} <= {one.action for one in found}
    assert next(one.detail for one in found if one.action == "sign-in refused") == {"count": 3}
    told = str([one.document() for one in found])
    assert not any(word in told for word in (WORDS, "wrong words", "a typed password", "stw_"))
    assert admin.get("/access?check=true").text.count("Every entry holds") == 1


def test_an_edited_entry_of_the_access_log_is_named(console: Console) -> None:
    engine = console.cases.database.engine
    with engine.connect() as connection, pytest.raises(Exception, match="only grows"):
        connection.exec_driver_sql("UPDATE access_log SET actor = 'x' WHERE seq = 2")
    with engine.connect() as connection:
        connection.exec_driver_sql("DROP TRIGGER access_log_no_update")
        connection.exec_driver_sql("DROP TRIGGER access_log_no_delete")
        connection.exec_driver_sql("UPDATE access_log SET actor = 'x' WHERE seq = 2")
        connection.exec_driver_sql("DELETE FROM access_log WHERE seq = 3")
        connection.commit()
    with console.cases.database.reading() as session:
        assert list(faults(session)) == ["entry 2 was edited", "entry 3 is missing"]
    assert any("access_log" in str(fault) for fault in console.cases.verify().faults)


def test_tokens_end_and_stay_below_their_user(known: Console) -> None:
    analyst = known.browser(Role.ANALYST)
    for fields in (
        {"role": "admin", "days": "1"},
        {"role": "viewer", "days": "1000"},
        {"role": "x", "days": "1"},
    ):
        assert analyst.post("/me/tokens", {"name": "robot", **fields}).status_code == 422
    headers = known.token(Role.ADMIN)
    assert known.client().get("/api/v1/users", headers=headers).status_code == 200
    with known.cases.database.writing() as session:
        session.query(TokenRow).update({"expires": 1.0})
    assert known.client().get("/api/v1/users", headers=headers).status_code == 401


def test_a_name_that_looks_the_same_is_taken(console: Console) -> None:
    with console.cases.database.writing() as session, pytest.raises(CaseError, match="has this name"):
        users.add(session, "\uff21dmin", Role.VIEWER, "test")


def test_a_token_ends_no_other_token(console: Console) -> None:
    one, other = console.token(Role.VIEWER), console.token(Role.ADMIN)
    client = console.client()
    answer = client.post("/api/v1/me/tokens/2/end", json={}, headers=one)
    assert answer.status_code == 422
    assert "only itself" in answer.text
    assert client.get("/api/v1/cases", headers=other).status_code == 200
    assert client.post("/api/v1/me/tokens/1/end", json={}, headers=one).status_code == 200
    assert client.get("/api/v1/cases", headers=one).status_code == 401
