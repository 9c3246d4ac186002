"""`stillwatch serve` as a process, and the commands of `stillwatch console`."""

from __future__ import annotations

import json
import socket
import time
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest
from click.testing import CliRunner
from served import Served, served

from stillwatch.cli import program
from stillwatch.errors import StillwatchError

WORDS = "correct horse battery staple"


def ask(
    console: Served, method: str, path: str, fields: dict[str, str] | None = None, **headers: str
) -> tuple[int, str, dict[str, str]]:
    connection = HTTPConnection("127.0.0.1", console.port, timeout=30)
    told = {"Host": f"localhost:{console.port}", "Origin": console.origin, **headers}
    if fields is not None:
        told["Content-Type"] = "application/x-www-form-urlencoded"
    connection.request(method, path, urlencode(fields) if fields is not None else None, told)
    answer = connection.getresponse()
    found = (
        answer.status,
        answer.read().decode(),
        {name.lower(): value for name, value in answer.getheaders()},
    )
    connection.close()
    return found


def test_the_first_start_to_the_end(tmp_path: Path) -> None:
    db = tmp_path / "CASES.db"
    with served(db) as console:
        link = urlsplit(console.link).path
        assert ask(console, "GET", "/")[0] == 303
        status, _, headers = ask(console, "POST", link, {"password": WORDS, "again": WORDS})
        assert status == 303
        cookie = headers["set-cookie"]
        assert "stillwatch=" in cookie or "said=" in cookie
        status, _, headers = ask(console, "POST", "/sign-in", {"name": "admin", "password": WORDS})
        assert (status, headers["location"]) == (303, "/")
        assert ask(console, "POST", link, {"password": WORDS, "again": WORDS})[0] == 404
        assert ask(console, "GET", "/sign-in", Host="evil.test")[0] == 421
        with socket.create_connection(("127.0.0.1", console.port), timeout=30) as raw:
            raw.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 200_000 + b"\r\n\r\n")
            assert b" 431 " in raw.recv(1_000) or not raw.recv(1_000)
        assert console.end() in (0, 130)
    with served(db) as again:
        assert again.link == "", "nobody gets a link once somebody can sign in"


def test_nothing_answers_after_it_was_killed(tmp_path: Path) -> None:
    with served(tmp_path / "CASES.db") as console:
        console.process.kill()
        console.process.wait(30)
        ends = time.monotonic() + 30
        while time.monotonic() < ends:
            try:
                socket.create_connection(("127.0.0.1", console.port), timeout=5).close()
            except ConnectionRefusedError:
                return
            time.sleep(0.05)
    raise AssertionError("its process goes on without the one that started it")


@pytest.mark.parametrize(
    "options",
    [
        ["--host", "0.0.0.0"],
        ["--host", "192.0.2.1"],
        ["--host", "example.test"],
        ["--host", "0.0.0.0", "--behind-proxy"],
        ["--tls-cert", "nowhere.pem"],
    ],
)
def test_it_does_not_listen_for_others_without_tls(tmp_path: Path, options: list[str]) -> None:
    done = CliRunner().invoke(program, ["serve", "--db", str(tmp_path / "CASES.db"), *options])
    assert isinstance(done.exception, StillwatchError)
    assert done.exception.do
    assert not (tmp_path / "CASES.db").exists()


def test_users_tokens_and_the_log_without_a_browser(tmp_path: Path) -> None:
    db = str(tmp_path / "CASES.db")
    from stillwatch.cases import Cases

    Cases(db, create=True).database.close()

    def run(*words: str) -> str:
        done = CliRunner().invoke(program, ["console", *words, "--db", db], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.stdout

    assert run("user", "add", "Anna", "--role", "admin").startswith("/welcome/")
    assert run("user", "reset", "anna").startswith("/welcome/")
    run("user", "add", "Boris")
    assert run("user", "role", "Boris", "analyst") == "Boris: analyst\n"
    assert run("user", "disable", "Boris") == "Boris: kept out\n"
    run("user", "disable", "Boris", "--undo")
    assert [user["role"] for user in json.loads(run("user", "list", "--json"))] == ["admin", "analyst"]
    secret = run(
        "token", "add", "Boris", "--for", "nightly export", "--role", "viewer", "--read-only"
    ).strip()
    assert secret.startswith("stw_")
    (told,) = json.loads(run("token", "list", "Boris", "--json"))
    assert (told["for"], told["read_only"]) == ("nightly export", True)
    assert "nightly export" in run("token", "list", "Boris")
    run("token", "remove", "Boris", "1")
    assert json.loads(run("token", "list", "Boris", "--json")) == []
    assert "hold" in run("log", "--verify")
    log = run("log")
    assert "Boris" in log
    assert secret not in log
    with pytest.raises(StillwatchError, match="no such user"):
        run("user", "role", "nobody", "viewer")
