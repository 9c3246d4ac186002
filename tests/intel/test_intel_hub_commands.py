"""`stillwatch hub` as a coordinator and two members call it, over TLS, with a hub in a process of its own."""

from __future__ import annotations

import json
import signal
import socket
import sqlite3
import ssl
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from click.testing import CliRunner
from envoy_certificate import certified
from hub_house import LOOPBACK, free_port

from stillwatch.cli import program
from stillwatch.errors import EXIT_CHANGED, SettingError, StillwatchError

AGREEMENT = """
agreement = "sharing"
version = 1
purpose = "Find campaigns that work several providers."
channels = ["information", "incident-report"]
clearance = "AMBER"
retention_days = 180
parties = ["alpha", "beta"]
"""


def hub(*words: object, code: int = 0) -> str:
    done = CliRunner().invoke(program, ["hub", *map(str, words)], catch_exceptions=False)
    assert done.exit_code == code, done.output
    return done.output


def told(*words: object, code: int = 0) -> Any:
    return json.loads(hub(*words, "--json", code=code).splitlines()[-1])


def refused(*words: object) -> StillwatchError:
    with pytest.raises(StillwatchError) as caught:
        hub(*words)
    assert caught.value.do
    return caught.value


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with a hub that is served over TLS; commands are called in it."""
    folder = tmp_path_factory.mktemp("hub")
    cert, key = certified(folder, "localhost")
    port = free_port()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        made = told("init", "--origin", "hub.example")
        (folder / "log_key").write_text(made["log_key"], encoding="utf-8")
        (folder / "agreement.toml").write_text(AGREEMENT, encoding="utf-8")
        (folder / "url").write_text(f"https://localhost:{port}", encoding="utf-8")
        (folder / "hub.toml").write_text(
            f'[hub]\npublic_url = "https://localhost:{port}"\n', encoding="utf-8"
        )
        command = [
            sys.executable,
            "-m",
            "stillwatch",
            "hub",
            "serve",
            "--port",
            str(port),
            "--settings",
            "hub.toml",
        ]
        process = subprocess.Popen(
            [*command, "--tls-cert", str(cert), "--tls-key", str(key)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        try:
            _wait_for(port, process)
            yield folder
        finally:
            process.send_signal(signal.SIGTERM)
            said, _ = process.communicate(timeout=30)
        assert process.returncode == 0, said
        assert f"The hub is at https://localhost:{port}/".encode() in said


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(1_200):
        assert process.poll() is None, process.communicate()[0]
        with socket.socket() as trying:
            trying.settimeout(1)
            if trying.connect_ex((LOOPBACK, port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError("the hub did not listen")


def joined(here: Path, name: str, *more: str) -> None:
    """A member makes its key, the coordinator adds it, the member writes down the hub."""
    key = told("key", "--side", name)["key"]
    made = told("member", "add", name, "--key", key, "--title", f"{name} Ltd", *more)
    log_key = (here / "log_key").read_text(encoding="utf-8")
    url = (here / "url").read_text(encoding="utf-8")
    hub(
        "join",
        "--side",
        name,
        "--hub",
        url,
        "--name",
        name,
        "--identity",
        made["identity"],
        "--log-key",
        log_key,
        "--ca",
        here / "localhost.pem",
    )


def test_a_hub_from_its_making_to_a_member_that_leaves(here: Path) -> None:
    assert stat.S_IMODE((here / "HUB.db.key").stat().st_mode) == 0o600
    joined(here, "alpha")
    joined(here, "beta", "--clearance", "RED")
    assert stat.S_IMODE((here / "alpha" / "member.key").stat().st_mode) == 0o600
    digest = told("agreement", "add", "agreement.toml")["digest"]
    assert "waits for alpha, beta" in hub("agreement", "list")
    for name in ("alpha", "beta"):
        assert told("agreement", "accept", "agreement.toml", "--side", name) == {"accepted": digest}
    (one,) = told("agreement", "list")
    assert one["accepted"] == ["alpha", "beta"]
    assert told("log", "cosign", "--side", "alpha", "--out", "alpha.note")["compared"] == ["alpha"]
    assert "the same as alpha, beta saw" in hub("log", "cosign", "--side", "beta", "--other", "alpha.note")
    # A member's side knows the authority of the hub's certificate, for TAXII too.
    fetching = ["intel", "fetch", (here / "url").read_text(encoding="utf-8"), "--side", "alpha", "--json"]
    fetched = CliRunner().invoke(program, fetching, catch_exceptions=False)
    assert (fetched.exit_code, fetched.stdout.strip()) == (0, "[]")
    kinds = [row["kind"] for row in told("log", "show", "--mine", "--side", "alpha")]
    assert kinds == ["member.added", "agreement.added", "agreement.accepted"]
    assert "member.added by the hub" in hub("log", "show")
    assert told("log", "verify", "--note", "alpha.note")["holds"]
    assert told("log", "verify", "--mine", "--side", "beta")["holds"]
    assert "hub.example" in hub("log", "checkpoint", "--out", "hub.note")
    assert told("status")["cosigned"].keys() == {"alpha", "beta"}
    assert "alpha: cosigned up to entry" in hub("status")
    before = told("key", "--side", "alpha")["key"]
    assert told("key", "--side", "alpha", "--rotate")["key"] != before
    hub("log", "cosign", "--side", "alpha")
    token = told("member", "token", "beta", "--label", "MISP")["token"]
    assert "MISP" in hub("member", "list")
    about = f"{(here / 'url').read_text()}/hub/about"
    assert get(here, about, ("beta", token)) == 200
    hub("member", "revoke", token.split("_")[1])
    assert get(here, about, ("beta", token)) == 401
    hub("member", "remove", "beta")
    assert "refused (401)" in refused("log", "cosign", "--side", "beta").what
    assert [row["removed"] for row in told("member", "list")] == [False, True]
    hub("agreement", "end", "sharing")
    assert hub("purge") == "nothing is past its retention\n"


def get(here: Path, url: str, auth: tuple[str, str]) -> int:
    context = ssl.create_default_context(cafile=str(here / "localhost.pem"))
    return httpx2.get(url, auth=auth, verify=context, trust_env=False).status_code


def test_the_hub_is_not_reached_without_its_authority(here: Path) -> None:
    key = told("key", "--side", "stranger")["key"]
    made = told("member", "add", "stranger", "--key", key)
    log_key, url = ((here / name).read_text(encoding="utf-8") for name in ("log_key", "url"))
    hub(
        "join",
        "--side",
        "stranger",
        "--hub",
        url,
        "--name",
        "stranger",
        "--identity",
        made["identity"],
        "--log-key",
        log_key,
    )
    error = refused("log", "cosign", "--side", "stranger")
    assert "does not answer" in error.what
    assert "certificate" in error.what


@pytest.mark.usefixtures("here")
def test_a_store_that_was_changed_is_told_by_the_exit_code(here: Path) -> None:
    hub("init", "--origin", "other.example", "--db", "other.db")
    connection = sqlite3.connect(here / "other.db", isolation_level=None)
    connection.execute("DROP TRIGGER log_leaves_no_update")
    connection.execute("UPDATE log_leaves SET content = '{}'")
    connection.close()
    said = hub("log", "verify", "--db", "other.db", code=EXIT_CHANGED)
    assert "entry 0: its text is not the one that was hashed" in said
    assert not told("log", "verify", "--db", "other.db", code=EXIT_CHANGED)["holds"]


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("words", "what"),
    [
        (("member", "list", "--db", "none.db"), "no hub here"),
        (("init", "--origin", "NOT a name"), "no name of a log"),
        (("init", "--origin", "hub.example"), "there already"),
        (("member", "add", "Alpha", "--key", "ed25519:" + "A" * 43 + "="), "no public key"),
        (("member", "add", "x", "--key", "rubbish"), "no public key"),
        (("member", "remove", "nobody"), "no such member"),
        (("member", "revoke", "0000"), "no such token"),
        (("agreement", "add", "none.toml"), "cannot be read"),
        (("agreement", "add", "hub.toml"), "no agreement"),
        (("agreement", "end", "none"), "no such open agreement"),
        (("log", "cosign", "--side", "nowhere"), "cannot be read"),
        (("log", "verify", "--note", "hub.toml"), "no checkpoint"),
        (
            (
                "join",
                "--hub",
                "http://hub.example",
                "--name",
                "a",
                "--identity",
                "identity--1",
                "--log-key",
                "k",
            ),
            "by https",
        ),
        (("serve", "--host", "0.0.0.0"), "unencrypted"),
        (("serve", "--tls-cert", "localhost.pem"), "TLS needs both"),
        (("serve", "--host", "0.0.0.0", "--behind-proxy"), "know its own address"),
    ],
)
def test_a_mistake_is_told_with_what_to_do(words: tuple[str, ...], what: str) -> None:
    assert what in str(refused(*words))


def test_a_port_in_use_is_told(here: Path) -> None:
    port = (here / "url").read_text(encoding="utf-8").rpartition(":")[2]
    done = subprocess.run(
        [sys.executable, "-m", "stillwatch", "hub", "serve", "--port", port],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == SettingError.exit_code
    assert "cannot listen" in done.stderr
