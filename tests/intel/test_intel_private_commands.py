"""`stillwatch intel tokens|lookup|overlap` as commands, against a real server on loopback."""

from __future__ import annotations

import asyncio
import json
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from asgi_parts import serving
from click.testing import CliRunner
from hub_house import free_port
from token_parts import Parts, calling, signer_of

from stillwatch.cases.database import Database
from stillwatch.cli import program
from stillwatch.errors import EXIT_MISSING_EXTRA, IntelError, StillwatchError
from stillwatch.intel.kinds import IndicatorKind
from stillwatch.intel.private.beside_hub import lookup_key_file, lookup_part
from stillwatch.intel.private.epoch import Epoch
from stillwatch.intel.private.epoch_keys import list_signer
from stillwatch.intel.private.token import Token
from stillwatch.key_file import secret_of


def said(*words: object) -> str:
    done = CliRunner().invoke(program, ["intel", *map(str, words)], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def refused(*words: object) -> StillwatchError:
    with pytest.raises(StillwatchError) as caught:
        CliRunner().invoke(program, ["intel", *map(str, words)], catch_exceptions=False)
    assert caught.value.do
    return caught.value


def told(*words: object) -> Any:
    return json.loads(said(*words, "--json"))


@pytest.fixture
def service(tmp_path: Path) -> Iterator[list[object]]:
    """The options of a command that asks a service that runs."""
    parts = Parts(tmp_path, now=time.time())
    (tmp_path / "credentials").write_text("ann:ann's\n")
    with serving(parts.app()) as port:
        pin = list_signer(secret_of(tmp_path / "key")).public_key().public_bytes_raw().hex()
        where = ["--service", f"http://127.0.0.1:{port}", "--pin", pin, "--kind", "mail_domain"]
        yield [*where, "--credentials", tmp_path / "credentials", "--cache", tmp_path / "cache.db"]


def write(path: Path, *lines: str) -> Path:
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def test_tokens_are_made_looked_up_and_overlapped_between_two_machines(
    tmp_path: Path, service: list[object]
) -> None:
    theirs = write(tmp_path / "theirs", "a.example", "b.example", "C.example", "not one")
    mine = write(tmp_path / "mine", "B.example", "c.example", "d.example")
    table = tmp_path / "theirs.table"
    made = told("tokens", theirs, *service, "--out", tmp_path / "theirs.tokens", "--table", table)
    assert (made["values"], made["asked"]) == (3, 3)
    rows = [json.loads(line) for line in table.read_text().splitlines()]
    assert [row["value"] for row in rows] == ["C.example", "a.example", "b.example"]
    assert sorted(f"token:v1:{row['kind']}:{row['epoch']}:{row['token']}" for row in rows) == made["tokens"]
    assert stat.S_IMODE(table.stat().st_mode) == 0o600
    assert sum(made["refused"].values()) == 1
    found = told("lookup", mine, *service, "--against", tmp_path / "theirs.tokens")
    assert found["both"] == ["B.example", "c.example"]
    assert found["asked"] == 1, "two are known from before"
    said("tokens", mine, *service, "--out", tmp_path / "mine.tokens")
    epoch = Epoch.at(time.time()).name
    who = ["--investigation", "case-7", "--asks", "ann", "--answers", "ben"]
    for which, tokens in (([], None), (["--which"], 2)):
        agreement, state = tmp_path / f"agreed{tokens}", tmp_path / f"state{tokens}"
        chosen = [*who, "--kind", "mail_domain", "--epoch", epoch, *which, "--out", agreement]
        assert len(told("overlap", "agree", *chosen)["digest"]) == 64
        request, answer = tmp_path / "request", tmp_path / "answer"
        told("overlap", "ask", agreement, tmp_path / "mine.tokens", "--out", request, "--state", state)
        assert stat.S_IMODE(state.stat().st_mode) == 0o600
        db = ["--db", tmp_path / "ben.db", "--out", answer]
        done = told("overlap", "answer", agreement, tmp_path / "theirs.tokens", request, *db)
        assert done["asked_at_most"] == 64
        result = told("overlap", "finish", state, answer)
        assert (result["both"], result["asked"], result["answered_at_most"]) == (2, 3, 64)
        assert (len(result["tokens"]) if result["tokens"] else None) == tokens
    assert "both have 2 of the 3 tokens" in said("overlap", "finish", state, answer)


def test_two_machines_overlap_over_http(tmp_path: Path) -> None:
    epoch = Epoch.at(time.time()).name
    made = [Token(bytes([at]) * 32, IndicatorKind.MAIL_DOMAIN, epoch).pattern for at in range(6)]
    mine, theirs = write(tmp_path / "mine", *made[:4]), write(tmp_path / "theirs", *made[2:])
    agreed, secret = tmp_path / "agreed", write(tmp_path / "secret", f"ann:{'s' * 32}")
    who = ["--investigation", "case-7", "--asks", "ann", "--answers", "ben", "--runs", "1"]
    told("overlap", "agree", *who, "--kind", "mail_domain", "--epoch", epoch, "--out", agreed)
    port = str(free_port())
    served = ["overlap", "serve", str(agreed), str(theirs), "--port", port, "--credentials", str(secret)]
    words = [sys.executable, "-m", "stillwatch", "intel", *served, "--db", str(tmp_path / "ben.db")]
    asking = ["overlap", "ask", agreed, mine, "--url", f"http://127.0.0.1:{port}", "--credentials"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        try:
            listening(int(port), process)
            wrong = write(tmp_path / "wrong", f"ann:{'t' * 32}")
            assert "nobody is known" in refused(*asking, wrong).what
            found = told(*asking, secret)
            assert (found["both"], found["asked"], found["tokens"]) == (2, 4, None)
            assert "used up" in refused(*asking, secret).what, "one run was agreed on"
        finally:
            process.terminate()
            said_by_it, _ = process.communicate(timeout=30)
    assert b"ann may ask" in said_by_it
    short = write(tmp_path / "short", "ann:secret")
    assert "fewer than 16" in refused(*served[:-1], short).what
    other = write(tmp_path / "other", f"eve:{'s' * 32}")
    assert "another member" in refused(*served[:-1], other).what
    open_to_all = [*served, "--host", "192.0.2.1"]
    assert "unencrypted" in refused(*open_to_all).what
    assert "not https" in refused(*asking[:4], "--url", "http://ben.example", "--credentials", secret).what
    assert "two files" in refused(*asking[:4]).what


def listening(port: int, process: subprocess.Popen[bytes]) -> None:
    """Wait until a server listens."""
    for _ in range(600):
        assert process.poll() is None, process.communicate()[0]
        with socket.socket() as trying:
            if trying.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError("it did not listen")


def test_a_mistake_is_told_with_what_to_do(tmp_path: Path, service: list[object]) -> None:
    mine = write(tmp_path / "mine", "a.example")
    assert "line 1" in refused("lookup", mine, *service, "--against", mine).where
    assert "pinned key" in refused("tokens", mine, *service, "--pin", "00").what
    assert "not signed by" in refused("tokens", mine, *service, "--pin", "00" * 32).what
    assert "cannot be read" in refused("tokens", tmp_path / "none", *service).what
    (tmp_path / "latin").write_bytes(b"\xe4.example\n")
    assert "UTF-8" in refused("tokens", tmp_path / "latin", *service).what
    write(tmp_path / "credentials", "ann:wrong")
    assert "nobody is known" in refused("tokens", mine, *service).what
    write(tmp_path / "credentials", "ann")
    assert "credentials" in refused("tokens", mine, *service).what
    broken = write(tmp_path / "broken", "{")
    assert "agreement" in refused("overlap", "ask", broken, mine, "--out", mine, "--state", mine).what
    assert "state" in refused("overlap", "finish", broken, broken).what


@pytest.mark.parametrize("name", ["sqlalchemy", "httpx2", "idna", "voprf"])
def test_a_part_that_is_not_installed_is_told(tmp_path: Path, name: str) -> None:
    write(tmp_path / "values", "a.example")
    (tmp_path / "credentials").write_text("ann:ann's")
    words = [
        "tokens",
        "values",
        "--kind",
        "mail_domain",
        "--service",
        "http://127.0.0.1:9",
        "--pin",
        "00" * 32,
    ]
    call = f"import sys; sys.modules[{name!r}] = None; sys.argv = ['stillwatch', 'intel', *{words!r}, "
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            call + "'--credentials', 'credentials']; from stillwatch.cli import main; main()",
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == EXIT_MISSING_EXTRA, done.stderr
    assert "pip install 'stillwatch[sharing]'" in done.stderr


def test_the_pin_is_that_of_the_service_beside_the_hub(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("STILLWATCH_LOOKUP_KEY", raising=False)
    hub = tmp_path / "HUB.db"
    shown = CliRunner().invoke(program, ["hub", "pin", "--db", str(hub)]).stdout.strip()
    key = tmp_path / "HUB.db.lookups.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    parts = Parts(tmp_path, now=time.time())

    async def run() -> bytes:
        async with calling(lookup_part(Database(hub), parts.who, parts.witness)) as http:
            return await signer_of(http)

    assert asyncio.run(run()).hex() == shown
    with pytest.raises(IntelError, match="PostgreSQL"):
        lookup_key_file(Database("postgresql://hub.example/hub"))
