"""Every channel reaches a real server, over encryption that is checked, and shows no stranger's mark-up."""

from __future__ import annotations

import base64
import json
import re
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
import trustme
from aiosmtpd.smtp import AuthResult, LoginPassword
from hypothesis import given, settings
from hypothesis import strategies as st
from outbox_receivers import channels_toml, mail_server, receiver

from stillwatch.cases.outbox.channel import Channel, Post
from stillwatch.cases.outbox.channels_file import read_channels
from stillwatch.cases.outbox.envelope import Envelope
from stillwatch.cases.outbox.http_post import seconds_after
from stillwatch.cases.outbox.mail import mail_of, send_mail
from stillwatch.cases.outbox.sentences import title
from stillwatch.cases.outbox.slack import send_slack, text_of
from stillwatch.cases.outbox.webhook import payload, send_webhook
from stillwatch.errors import SettingError

SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()
BODY = {"case": 7, "kind": "operator", "severity": "high", "accounts": 1_200, "identity": "camp-a"}
HELLO = Envelope("msg_1", "case.opened", 7, BODY, 1_796_000_000.0, "https://console.example")


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def speaking(authority: trustme.CA, name: str = "localhost") -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


def webhook(folder: Path, url: str, more: str = "") -> Channel:
    (folder / "secret").write_text(SECRET)
    row = f'name = "siem"\nform = "webhook"\nurl = "{url}"\nsecret_file = "secret"\n{more}'
    return read_channels(channels_toml(folder / "channels.toml", row)).channels[0]


def test_a_certificate_is_checked_and_so_is_its_name(tmp_path: Path, authority: trustme.CA) -> None:
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    with receiver(speaking(authority)) as got:
        trusted = webhook(tmp_path, got.url, 'ca_file = "ca.pem"')
        assert send_webhook(trusted, HELLO, 5).delivered
        done = send_webhook(webhook(tmp_path, got.url), HELLO, 5)
        assert not done.delivered
        assert "certificate cannot be trusted" in done.said
        assert len(got.got) == 1
    with receiver(speaking(authority, "other.example")) as got:
        done = send_webhook(webhook(tmp_path, got.url, 'ca_file = "ca.pem"'), HELLO, 5)
        assert "certificate cannot be trusted" in done.said
        assert got.got == []


def test_plain_http_stays_on_this_machine_unless_a_setting_says(tmp_path: Path) -> None:
    done = send_webhook(webhook(tmp_path, "http://192.0.2.1/in"), HELLO, 0.3)
    assert done.said == "not encrypted, and the address is not of this machine"
    done = send_webhook(webhook(tmp_path, "http://192.0.2.1/in", "plain_http = true"), HELLO, 0.3)
    assert "not encrypted" not in done.said


@contextmanager
def dripping() -> Iterator[int]:
    """A server that sends one byte now and then, and never ends."""
    stop = threading.Event()
    server = socket.create_server(("127.0.0.1", 0))

    def drip() -> None:
        peer, _ = server.accept()
        with peer:
            try:
                while not stop.wait(0.05):
                    peer.sendall(b"H")
            except OSError:
                return

    thread = threading.Thread(target=drip)
    thread.start()
    try:
        yield server.getsockname()[1]
    finally:
        stop.set()
        thread.join()
        server.close()


@pytest.mark.parametrize("form", ["webhook", "mail"])
def test_who_never_ends_is_cut(tmp_path: Path, form: str) -> None:
    with dripping() as port:
        began = time.monotonic()
        if form == "webhook":
            done = send_webhook(webhook(tmp_path, f"http://127.0.0.1:{port}"), HELLO, 0.4)
        else:
            done = send_mail(posted(tmp_path, port, 'security = "none"'), HELLO, 0.4)
        assert time.monotonic() - began < 3
        assert (done.delivered, done.said) == (False, "timed out")


def test_nobody_there_is_told(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    done = send_webhook(webhook(tmp_path, f"http://127.0.0.1:{port}"), HELLO, 2)
    assert done.said == "no connection: Connection refused"


def test_a_large_answer_is_not_read(tmp_path: Path) -> None:
    with receiver() as got:
        got.answer = lambda _: (200, {"Content-Length": str(10**12)})
        assert send_webhook(webhook(tmp_path, got.url), HELLO, 0.5).delivered


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("120", 120.0), ("99999999", 86_400.0), ("Wed, 21 Oct 2026 07:28:00 GMT", 60.0), ("soon", None)],
)
def test_retry_after_is_seconds_or_a_date(value: str, seconds: float | None) -> None:
    assert seconds_after(value, 1_792_567_620.0) == seconds


def posted(folder: Path, port: int, more: str = "") -> Channel:
    row = (
        f'name = "duty"\nform = "mail"\nhost = "localhost"\nport = {port}\nfrom = "stillwatch@example.com"\n'
        f'to = ["anna@example.com", "bela@example.com"]\n{more}'
    )
    return read_channels(channels_toml(folder / "channels.toml", row)).channels[0]


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_mail_over_tls_with_a_password(
    tmp_path: Path, authority: trustme.CA, security: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    seen: list[tuple[bytes, bytes]] = []

    def sign_in(_server: Any, _session: Any, _envelope: Any, _how: str, data: LoginPassword) -> AuthResult:
        seen.append((data.login, data.password))
        return AuthResult(success=data.password == b"secret word")

    monkeypatch.setenv("SMTP_PASSWORD", "secret word")
    with mail_server(
        speaking(authority),
        at_once=security == "tls",
        authenticator=sign_in,
        auth_require_tls=security != "tls",
    ) as mails:
        more = f'security = "{security}"\nuser = "us"\npassword_env = "SMTP_PASSWORD"\n'
        done = send_mail(posted(tmp_path, mails.port, f'{more}ca_file = "ca.pem"'), HELLO, 5)
        assert (done.delivered, done.said) == (True, "accepted")
        assert seen == [(b"us", b"secret word")]
        assert mails.to == [["anna@example.com", "bela@example.com"]]
        assert mails.mails[0]["subject"] == "[stillwatch] New case 7"
        assert mails.mails[0]["message-id"] == "<msg_1.duty@stillwatch.invalid>"
        assert "accounts: 1,200" in mails.mails[0].get_content()
        assert "https://console.example/cases/7" in mails.mails[0].get_content()
        assert "certificate cannot be trusted" in send_mail(posted(tmp_path, mails.port, more), HELLO, 5).said
        assert len(mails.mails) == 1


def test_mail_that_is_refused_is_told_without_the_servers_words(tmp_path: Path) -> None:
    with mail_server() as mails:
        channel = posted(tmp_path, mails.port, 'security = "none"')
        mails.refuse = "451 come back, and run this"
        done = send_mail(channel, HELLO, 5)
        assert (done.delivered, done.said) == (False, "SMTP 451")
        mails.refuse = ""
        assert send_mail(channel, HELLO, 5).delivered
        assert "STARTTLS" in send_mail(posted(tmp_path, mails.port), HELLO, 5).said
        assert len(mails.mails) == 1


def test_mail_without_encryption_stays_on_this_machine(tmp_path: Path) -> None:
    row = 'name = "duty"\nform = "mail"\nhost = "192.0.2.1"\nsecurity = "none"\nfrom = "a@b.example"\nto = ["c@d.example"]'
    channel = read_channels(channels_toml(tmp_path / "channels.toml", row)).channels[0]
    assert "not of this machine" in send_mail(channel, HELLO, 0.3).said


def test_a_message_for_slack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with receiver() as got:
        monkeypatch.setenv("SLACK_URL", f"{got.url}/services/T0/B0/secret")
        row = 'name = "chat"\nform = "slack"\nurl_env = "SLACK_URL"'
        channel = read_channels(channels_toml(tmp_path / "channels.toml", row)).channels[0]
        assert "secret" not in channel.shown + repr(channel)
        assert send_slack(channel, HELLO, 5).delivered
        assert got.got[0].path == "/services/T0/B0/secret"
        assert json.loads(got.got[0].body)["text"].splitlines()[:3] == [
            "*New case 7*",
            "severity: `high`",
            "kind: `operator`",
        ]


NAMES = st.one_of(
    st.text(max_size=300),
    st.sampled_from(
        [
            "<!channel> <https://evil.example|click>",
            "@all `code` *b* [x](http://evil.example) ![p](http://evil.example/p.png)",
            "a\r\nBcc: victim@example.com\r\n\r\n<script>alert(1)</script>",
            "\u202egnp.exe\u2028\x00\x1b[31m",
            "</b><img src=x onerror=alert(1)>",
            "=?utf-8?q?evil?=",
        ]
    ),
)
BODIES = st.fixed_dictionaries(
    {"case": st.just(7), "severity": st.just("high"), "identity": NAMES, "list": st.lists(NAMES, max_size=3)}
)
POST = Post("localhost", 25, "none", "stillwatch@example.com", ("anna@example.com",))
LINE = re.compile(r"\*[ -~]+\*|[a-z ]+: `[^`\r\n<>]*`|https://console\.example/cases/7")


@settings(max_examples=150, deadline=None)
@given(BODIES)
def test_hostile_names_stay_values_in_every_channel(body: Mapping[str, Any]) -> None:
    envelope = Envelope("msg_1", "case.opened", 7, body, 1_796_000_000.0, "https://console.example")
    assert title(envelope) == "New case 7"
    for line in text_of(envelope).split("\n"):
        assert LINE.fullmatch(line), line
        assert not re.search(r"&(?!amp;|lt;|gt;)", line)
    assert json.loads(payload(envelope))["data"] == {**body, "link": "https://console.example/cases/7"}
    raw = mail_of("duty", POST, envelope).as_bytes()
    mail = message_from_bytes(raw, policy=default)
    assert {name.lower() for name in mail} == {
        *("from", "to", "subject", "date", "message-id", "auto-submitted"),
        *("mime-version", "content-type", "content-transfer-encoding"),
    }
    assert mail.get_content_type() == "text/plain"
    text = mail.get_content()
    assert len(text.splitlines()) <= 8
    assert text.count("://") == 1


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ('form = "webhook"', "name"),
        ('name = "A b"', "name"),
        ('name = "x"\nform = "pager"', "form"),
        ('name = "x"\nform = "slack"\nurl = "ftp://x"', "url"),
        ('name = "x"\nform = "slack"\nurl = "https://me:pass@x/"', "url"),
        ('name = "x"\nform = "slack"\nurl = "https://x/\\r\\nHost: y"', "url"),
        ('name = "x"\nform = "slack"\nurl = "https://x/"\nurl_env = "U"', "url"),
        ('name = "x"\nform = "webhook"\nurl = "https://x/"', "secret_file"),
        ('name = "x"\nform = "webhook"\nurl = "https://x/"\nsecret = "whsec_abc"', "no secret"),
        ('name = "x"\nform = "webhook"\nurl = "https://x/"\nsecret_env = "SHORT"', "secret of a webhook"),
        ('name = "x"\nform = "webhook"\nurl = "https://x/"\nsecret_env = "NOT_THERE"', "empty"),
        ('name = "x"\nform = "slack"\nurl = "https://x/"\ntopics = ["case opened"]', "topics"),
        ('name = "x"\nform = "slack"\nurl = "https://x/"\nleast = "grave"', "least"),
        ('name = "x"\nform = "mail"\nhost = "h"\nfrom = "a@b.c\\nBcc: x@y.z"\nto = ["a@b.c"]', "from"),
        ('name = "x"\nform = "mail"\nhost = "h"\nfrom = "a@b.c"\nto = ["a@b.c"]\nuser = "u"', "user"),
        (
            'name = "x"\nform = "mail"\nhost = "h"\nfrom = "a@b.c"\nto = ["a@b.c"]\nsecurity = "ssl"',
            "security",
        ),
    ],
)
def test_a_faulty_channel_is_refused_without_a_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, row: str, told: str
) -> None:
    monkeypatch.setenv("SHORT", "whsec_c2hvcnQtc2VjcmV0")
    with pytest.raises(SettingError) as caught:
        read_channels(channels_toml(tmp_path / "channels.toml", row))
    assert told in str(caught.value)
    assert "channel 1" in caught.value.where
    assert caught.value.do
    for secret in ("pass@", "c2hvcnQ", "whsec_abc"):
        assert secret not in str(caught.value)


def test_two_keys_sign_while_one_replaces_the_other(tmp_path: Path) -> None:
    other = "whsec_" + base64.b64encode(b"n" * 32).decode()
    (tmp_path / "secrets").write_text(f"{other}\n{SECRET}\n")
    row = 'name = "siem"\nform = "webhook"\nurl = "{}"\nsecret_file = "secrets"'
    with receiver() as got:
        file = channels_toml(tmp_path / "channels.toml", row.format(got.url))
        channel = read_channels(file).channels[0]
        assert send_webhook(channel, HELLO, 5).delivered
        assert [one[:3] for one in got.got[0].headers["webhook-signature"].split()] == ["v1,", "v1,"]
