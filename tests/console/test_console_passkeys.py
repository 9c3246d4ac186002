"""Passkeys: added, used, and refused where anything about them does not fit."""

from __future__ import annotations

import json
from typing import Any

import pytest
from console_parts import ORIGIN, OURS, Browser, Console, long_ago
from soft_passkey import PRESENT, SoftPasskey

from stillwatch.console.access import users
from stillwatch.console.role import Role
from stillwatch.console.sign_in.challenges import challenge, ours


def add(browser: Browser, key: SoftPasskey, **changed: Any) -> Any:
    headers = {**OURS, "X-CSRF-Token": browser.csrf}
    options = browser.client.post("/me/passkeys/options?format=json", json={}, headers=headers)
    if options.status_code != 200:
        return options
    document = {"credential": key.made({**options.json(), **changed}), "name": "laptop"}
    return browser.client.post("/me/passkeys?format=json", json=document, headers=headers)


def begin(client: Any) -> dict[str, Any]:
    told: dict[str, Any] = client.post("/sign-in/passkey/options?format=json", json={}, headers=OURS).json()
    return told


def sign_in(client: Any, credential: Any, there: str = "/") -> Any:
    document = {"credential": credential, "next": there}
    return client.post("/sign-in/passkey?format=json", json=document, headers=OURS)


@pytest.fixture
def key(console: Console) -> SoftPasskey:
    """A passkey of the approver."""
    made = SoftPasskey(ORIGIN)
    assert add(console.browser(Role.APPROVER), made).status_code == 200
    return made


def test_a_passkey_signs_in(console: Console, key: SoftPasskey) -> None:
    client = console.client()
    answer = sign_in(client, key.used(begin(client)), "/cases")
    assert (answer.status_code, answer.json()) == (200, {"see": "/cases"})
    assert "You are signed in as approver" in client.get("/cases").text
    rows = client.get("/me?format=json").json()["tables"]
    assert [row["method"] for row in rows["sessions"]["rows"]][:1] == ["passkey"]
    assert rows["passkeys"]["rows"][0]["name"] == "laptop"


def test_an_answer_is_taken_once(console: Console, key: SoftPasskey) -> None:
    client = console.client()
    credential = key.used(begin(client))
    assert sign_in(client, credential).status_code == 200
    assert sign_in(console.client(), credential).status_code == 401


def test_what_does_not_fit_is_refused(console: Console, key: SoftPasskey) -> None:
    client = console.client()
    options = begin(client)
    foreign = SoftPasskey(ORIGIN, key=SoftPasskey(ORIGIN).key, id=key.id)
    elsewhere = SoftPasskey("https://evil.test", key=key.key, id=key.id)
    unverified = SoftPasskey(ORIGIN, PRESENT, key=key.key, id=key.id)
    unknown = SoftPasskey(ORIGIN)
    for one in (foreign, elsewhere, unverified, unknown):
        assert sign_in(client, one.used(options)).status_code == 401
    assert sign_in(client, key.used({**options, "challenge": "x" * 75})).status_code == 401
    assert sign_in(client, key.used({**options, "rpId": "evil.test"})).status_code == 401
    for name in ("\ud800", "\0"):  # no database keeps them
        document = json.dumps({"credential": {**key.used(options), "id": name}})
        headers = {**OURS, "Content-Type": "application/json"}
        assert client.post("/sign-in/passkey", content=document, headers=headers).status_code == 401
    nothings: tuple[Any, ...] = (None, 1, "x", [], {}, {"id": "x"}, {"response": {"clientDataJSON": "e30"}})
    for nothing in nothings:
        assert sign_in(client, nothing).status_code == 401
    assert client.get("/").status_code == 303


def test_a_counter_that_goes_back_is_a_copy(console: Console, key: SoftPasskey) -> None:
    client = console.client()
    key.counter = 10
    assert sign_in(client, key.used(begin(client))).status_code == 200
    key.counter = 3
    assert sign_in(console.client(), key.used(begin(client))).status_code == 401


def test_adding_needs_a_fresh_sign_in_and_our_own_page(console: Console) -> None:
    stale = console.browser(Role.VIEWER, proved=long_ago())
    assert add(stale, SoftPasskey(ORIGIN)).status_code == 403
    browser = console.browser(Role.VIEWER)
    assert browser.client.post("/me/passkeys/options", json={}, headers=OURS).status_code == 403
    assert console.client().post("/me/passkeys/options?format=json", json={}, headers=OURS).status_code == 401
    theirs = challenge(console.desk.secret, "passkey of 1 in another session", 0.0)
    assert add(browser, SoftPasskey(ORIGIN), challenge=theirs.hex()).status_code == 422


def test_one_passkey_belongs_to_one_user(console: Console, key: SoftPasskey) -> None:
    assert add(console.browser(Role.VIEWER), key).status_code == 422


def test_a_passkey_that_was_taken_away_does_not_work(console: Console, key: SoftPasskey) -> None:
    browser = console.browser(Role.APPROVER)
    (row,) = browser.get("/me?format=json").json()["tables"]["passkeys"]["rows"]
    other = console.browser(Role.VIEWER)
    assert other.post(f"/me/passkeys/{row['id']}/end").status_code == 404
    assert browser.post(f"/me/passkeys/{row['id']}/end").status_code == 303
    client = console.client()
    assert sign_in(client, key.used(begin(client))).status_code == 401


def test_who_is_kept_out_has_no_passkey(console: Console, key: SoftPasskey) -> None:
    with console.cases.database.writing() as session:
        users.disable(session, users.must_be(session, "approver"), True, "test")
    client = console.client()
    assert sign_in(client, key.used(begin(client))).status_code == 401


def test_a_challenge_is_for_one_purpose_and_some_minutes() -> None:
    made = challenge("secret", "sign-in", 1_000.0)
    assert ours("secret", "sign-in", made, 1_299.0)
    assert not ours("secret", "sign-in", made, 1_301.0)
    assert not ours("secret", "adding", made, 1_000.0)
    assert not ours("other", "sign-in", made, 1_000.0)
    assert not ours("secret", "sign-in", made[:-1], 1_000.0)
