"""The page about integrations is true: its receiver takes what is sent and nothing else, its file can be used."""

from __future__ import annotations

import base64
import re
import secrets
from collections.abc import Callable
from pathlib import Path

import pytest
from case_stores import stocked
from outbox_receivers import Got, channels_toml, receiver
from standardwebhooks import Webhook, WebhookVerificationError

from stillwatch.cases.outbox.channels_file import read_channels

PAGE = (Path(__file__).parents[2] / "docs" / "integrations.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def holds() -> Callable[..., bool]:
    """The receiver's check, as the page has it."""
    names: dict[str, Callable[..., bool]] = {}
    exec(compile(blocks("python")[0], "integrations.md", "exec"), names)
    return names["holds"]


@pytest.fixture(scope="module")
def sent(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Got]:
    """A secret, and a webhook that was signed with it."""
    folder = tmp_path_factory.mktemp("docs")
    secret = f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"
    (folder / "key").write_text(f"{secret}\n")
    with stocked(str(folder / "CASES.db"), folder / "run") as cases, receiver() as got:
        row = f'name = "siem"\nform = "webhook"\nurl = "{got.url}"\nsecret_file = "key"'
        cases.outbox.deliver(read_channels(channels_toml(folder / "channels.toml", row)))
        return secret, got.got[0]


def test_the_receiver_takes_what_was_sent(holds: Callable[..., bool], sent: tuple[str, Got]) -> None:
    secret, got = sent
    assert holds(secret, got.headers, got.body)


def test_the_receiver_takes_nothing_else(holds: Callable[..., bool], sent: tuple[str, Got]) -> None:
    secret, got = sent
    other = f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"
    assert not holds(other, got.headers, got.body)
    assert not holds(secret, got.headers, got.body + b" ")
    assert not holds(secret, {**got.headers, "webhook-id": "msg_other"}, got.body)
    earlier = str(int(got.headers["webhook-timestamp"]) - 1)
    assert not holds(secret, {**got.headers, "webhook-timestamp": earlier}, got.body)
    assert not holds(secret, got.headers, got.body, tolerance_s=-1.0)
    unsigned = {**got.headers, "webhook-signature": "v1, v1a," + "A" * 43 + "="}
    assert not holds(secret, unsigned, got.body)


def test_the_library_of_standard_webhooks_takes_it_too(sent: tuple[str, Got]) -> None:
    secret, got = sent
    assert Webhook(secret).verify(got.body, got.headers)["type"] == "case.opened"
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(got.body + b" ", got.headers)


def test_the_file_of_the_page_can_be_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = tmp_path / "siem"
    key.write_text("whsec_" + "a2" * 16 + "a2tr")
    monkeypatch.setenv("SLACK_URL", "https://hooks.example/services/T0/B0/secret")
    monkeypatch.setenv("SMTP_PASSWORD", "a secret")
    file = tmp_path / "channels.toml"
    file.write_text(blocks("toml")[0].replace("/run/secrets/siem", str(key)))
    found = read_channels(file)
    assert [(one.name, one.form) for one in found.channels] == [
        ("siem", "webhook"),
        ("chat", "slack"),
        ("duty", "mail"),
    ]
    assert found.settings.console == "https://console.example"
