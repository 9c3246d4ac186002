"""What `make demo-console` starts, as a process over a run: twice, with what the first time left."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest
from case_runs import Group, Sealed, sealed
from served import free_port, wait_for

from stillwatch.cases import Cases
from stillwatch.response.policy_store import PolicyStore

ROOT = Path(__file__).resolve().parents[2]
WORDS = "correct horse battery staple"


@contextmanager
def demo_console(demo: Path, port: int) -> Iterator[str]:
    """Start the script as make does; gives what it says before it serves. Ends it as Ctrl-C does."""
    command = [sys.executable, str(ROOT / "tools" / "demo_console.py"), str(demo), str(port)]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env={**os.environ}
    )
    assert process.stdout is not None
    try:
        said = ""
        while "The console is at" not in said:
            line = process.stdout.readline()
            assert line, said
            said += line
        wait_for(port)
        yield said
        process.send_signal(signal.SIGINT)
        assert process.wait(30) in (0, 130)
        assert "Traceback" not in process.stdout.read()
    finally:
        if process.poll() is None:
            process.kill()
            process.wait(30)
        process.stdout.close()


def status(port: int, method: str, path: str, fields: dict[str, str] | None = None) -> int:
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    headers = {"Host": f"localhost:{port}", "Origin": f"http://localhost:{port}"}
    if fields is not None:
        headers["Content-Type"] = "application/x-www-form-urlencoded"
    connection.request(method, path, urlencode(fields or {}), headers)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status


@pytest.mark.thorough
def test_twice_and_nothing_is_lost(tmp_path: Path) -> None:
    sealed(tmp_path / "run", Sealed("run-1", (Group("camp-small"),)))
    port = free_port()
    with demo_console(tmp_path, port) as said:
        link = re.search(r"http://\S+/welcome/\S+", said)
        assert link is not None
        assert "Look at Review first" in said
        path = urlsplit(link[0]).path
        assert status(port, "POST", path, {"password": WORDS, "again": WORDS}) == 303
        assert status(port, "POST", "/sign-in", {"name": "admin", "password": WORDS}) == 303
    console = tmp_path / "console"
    assert {one.stage for _, one in PolicyStore(console / "state").standings()} == {"shadow"}
    with Cases(console / "CASES.db") as cases:
        cases.note(1, "kept", by="Anna")
        before = cases.show(1)
    with demo_console(tmp_path, port) as said:
        assert "/welcome/" not in said
        assert "admin can sign in already" in said
        assert f"stillwatch console user reset admin --db {console / 'CASES.db'}" in said
        assert status(port, "GET", "/sign-in") == 200
    with Cases(console / "CASES.db") as cases:
        assert cases.show(1) == before
        assert not cases.verify().faults


def test_without_a_run_it_says_what_makes_one(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "tools" / "demo_console.py"), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "`make demo` makes it" in done.stderr
    assert not (tmp_path / "console").exists()


def test_a_run_that_cannot_be_used_is_told_and_nothing_is_served(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    command = [sys.executable, str(ROOT / "tools" / "demo_console.py"), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "what to do" in done.stderr
    assert "The console is at" not in done.stdout
