"""What works behind the console: links of notices on their way, late appeals, what was begun, figures."""

from __future__ import annotations

import base64
import json
import sqlite3
import time
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest
from console_remedy import SMALL, Remedied, remedied
from outbox_receivers import Receiver, channels_toml, mail_server, receiver
from remedy_stores import acting, by
from served import Served, served

from stillwatch.cases import Cases
from stillwatch.cases.outbox.channels_file import Channels, read_channels
from stillwatch.cases.outbox.late_appeals import late_appeals
from stillwatch.cases.remediation.plan_words import Stage
from stillwatch.console.access import tokens, users
from stillwatch.console.role import Role
from stillwatch.console_settings import ConsoleSettings
from stillwatch.errors import CaseError

SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()


def hook(folder: Path, to: Receiver) -> Path:
    """A file of channels with one webhook."""
    (folder / "secret").write_text(SECRET)
    row = f'name = "own"\nform = "webhook"\nurl = "{to.url}/in"\nsecret_file = "secret"\n'
    quick = "[delivery]\nevery_s = 0.05\nfirst_wait_s = 0.01\nlongest_wait_s = 0.02\ntimeout_s = 5\n"
    return channels_toml(folder / "channels.toml", row, delivery=quick)


def channels(folder: Path, to: Receiver) -> Channels:
    return read_channels(hook(folder, to))


def notices(to: Receiver) -> list[dict[str, str]]:
    found = [json.loads(one.body) for one in to.got]
    return [one["data"] for one in found if one["type"] == "notice"]


def everything(db: Path) -> str:
    """All that the database's files hold."""
    with sqlite3.connect(db) as connection:
        return "\n".join(connection.iterdump())


def test_the_link_arrives_opens_the_page_and_is_nowhere_in_the_store(
    remedy: Remedied, tmp_path: Path
) -> None:
    token = remedy.sent()
    with receiver() as to:
        passed = remedy.cases.outbox.deliver(channels(tmp_path, to), fill=remedy.door.filled)
        assert passed.dead == passed.failed == 0
        came = notices(to)
    accounts = {one["account"] for one in came}
    assert len(came) == len(accounts) > 1
    assert any(f"/appeal/{token}" in one["text"] for one in came)
    for one in came:
        assert "[[" not in one["text"] + one["html"] + one["subject"]
        link = next(word for word in one["text"].split() if "/appeal/" in word)
        page = remedy.client().get(urlsplit(link).path)
        assert page.status_code == 200
        assert one["account"] in page.text
        assert link.rpartition("/")[2] not in everything(tmp_path / "CASES.db")
    assert not remedy.cases.verify().faults


def test_chats_and_mailboxes_do_not_get_the_link(remedy: Remedied, tmp_path: Path) -> None:
    token = remedy.sent()
    with mail_server() as mails:
        row = (
            f'name = "duty"\nform = "mail"\nhost = "localhost"\nport = {mails.port}\nsecurity = "none"\n'
            'from = "a@example.org"\nto = ["b@example.org"]\ntopics = ["notice"]\n'
        )
        there = read_channels(channels_toml(tmp_path / "mail.toml", row))
        remedy.cases.outbox.deliver(there, fill=remedy.door.filled)
    assert mails.mails
    assert all(token not in mail.get_content() for mail in mails.mails)


def test_a_wrong_key_sends_no_link_that_leads_nowhere(remedy: Remedied, tmp_path: Path) -> None:
    remedy.sent()
    (tmp_path / "appeals.key").write_bytes(b"x" * 32)
    with receiver() as to:
        remedy.cases.outbox.deliver(channels(tmp_path, to), fill=remedy.door.filled)
        assert notices(to) == []
    waiting = [one for one in remedy.cases.outbox.deliveries() if one.topic == "notice"]
    assert waiting
    assert all("key of appeal links" in one.said for one in waiting)
    assert {one.state for one in waiting} <= {"waiting", "dead"}
    told = {one.state for one in remedy.cases.outbox.deliveries() if one.topic != "notice"}
    assert told == {"delivered"}, "what is wrong with notices keeps nothing else back"
    with pytest.raises(CaseError, match="key of appeal links is another"):
        remedy.door.link("1.n1")


def test_late_appeals_are_told_once(remedy: Remedied) -> None:
    token = remedy.sent()
    appeal = remedy.door.open_appeal(token, "we are a class")
    database = remedy.cases.database
    for now, told in ((time.time(), 0), (appeal.due + 1, 1), (appeal.due + 2, 0)):
        with database.writing() as session:
            assert late_appeals(session, now) == told
    (message,) = [one for one in remedy.cases.outbox.deliveries() if one.topic == "appeal.breached"]
    body = remedy.cases.outbox.show(message.message)[1]
    assert (body["appeal"], body["case"]) == (appeal.id, SMALL)
    assert "account" not in body


def ask(console: Served, method: str, path: str, body: str | None = None, **headers: str) -> tuple[int, str]:
    connection = HTTPConnection("127.0.0.1", console.port, timeout=30)
    told = {"Host": f"localhost:{console.port}", **headers}
    if body is not None:
        told["Content-Type"] = "application/x-www-form-urlencoded"
    connection.request(method, path, body, told)
    answer = connection.getresponse()
    found = answer.status, answer.read().decode()
    connection.close()
    return found


def test_serve_ends_what_was_begun_delivers_and_shows_figures(tmp_path: Path) -> None:
    made = remedied(tmp_path)
    acting(made.work, SMALL)
    made.door.plan(SMALL, **by())
    made.door.carry_out(SMALL, Stage.SLOW, **by())
    letter = made.door.letters(SMALL)[-1].id
    made.door.approve_letter(letter, **by("Bela"))
    made.door.order_letter(letter, **by("Bela"))  # and here the server is killed
    made.door.order(SMALL, Stage.VERIFY, **by())
    with made.cases.database.writing() as session:
        admin = users.must_be(session, Role.ADMIN.word)
        _, secret = tokens.make(
            session,
            admin,
            "prometheus",
            Role.VIEWER,
            read_only=True,
            days=1,
            settings=ConsoleSettings(),
            by="test",
        )
    made.desk.doors.remedy.close()
    made.work.close()
    settings = tmp_path / "settings.toml"
    settings.write_text('[cases]\nappeal_url = "https://appeals.example/appeal/"\n')
    db, state = str(tmp_path / "CASES.db"), str(tmp_path / "state")
    with receiver() as to:
        options = ["--channels", str(hook(tmp_path, to)), "--state", state, "--settings", str(settings)]
        key = ["--appeal-key", str(tmp_path / "appeals.key")]
        with served(Path(db), *options, *key) as console:
            ends = time.monotonic() + 40
            while not notices(to):
                assert time.monotonic() < ends
                time.sleep(0.05)
            token = urlsplit(
                next(word for word in notices(to)[0]["text"].split() if "/appeal/" in word)
            ).path.rpartition("/")[2]
            away = {"Host": "appeals.example"}
            assert ask(console, "GET", f"/appeal/{token}", **away)[0] == 200
            assert ask(console, "GET", "/sign-in", **away)[0] == 421
            sent = urlencode({"words": "we are a class"})
            assert ask(console, "POST", f"/appeal/{token}", sent, Origin="null", **away)[0] == 303
            assert "Your objection is here" in ask(console, "GET", f"/appeal/{token}", **away)[1]
            assert ask(console, "GET", "/metrics")[0] == 401
            status, figures = ask(console, "GET", "/metrics", Authorization=f"Bearer {secret}")
            assert status == 200
            assert "stillwatch_case_deliveries" in figures
            assert "camp-small" not in figures
            while not any(b"appeal.opened" in one.body for one in to.got):
                assert time.monotonic() < ends
                time.sleep(0.05)
            assert console.end() in (0, 130)
    with Cases(db) as cases:
        assert not cases.verify().faults
        after = Remedied(cases, beside=made.work).door
        assert after.show(SMALL).plan.state == "carried out"
        assert after.show(SMALL).plan.through == Stage.VERIFY
        assert len(after.appeals()) == 1
        after.close()
