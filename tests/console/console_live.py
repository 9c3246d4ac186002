"""A console that is really served, and a real Chromium in which somebody is signed in."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

from stillwatch.cases import Cases
from stillwatch.console.access import sessions, users
from stillwatch.console.access.sessions import Where
from stillwatch.console.role import Role

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
PATIENCE_S = 60.0


@contextmanager
def served(db: Path, runs: Path, folder: Path) -> Iterator[str]:
    """Serve a store on a free port; gives the address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    command = [
        sys.executable,
        "-m",
        "stillwatch",
        "serve",
        "--db",
        str(db),
        "--runs",
        str(runs),
        "--port",
        str(port),
    ]
    with (folder / "server.log").open("wb") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, env=os.environ | {"HOME": str(folder)})
        try:
            _wait(address, server, folder)
            yield address
        finally:
            server.terminate()
            server.wait(20)


def _wait(address: str, server: subprocess.Popen[bytes], folder: Path) -> None:
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end and server.poll() is None:
        try:
            urlopen(f"{address}/sign-in", timeout=2).close()
            return
        except (URLError, ConnectionError, TimeoutError):
            time.sleep(0.1)
    raise AssertionError((folder / "server.log").read_text(encoding="utf-8"))


@contextmanager
def chromium() -> Iterator[Any]:
    """A Chromium without the browser's own errands."""
    from playwright.sync_api import sync_playwright

    quiet = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=quiet)
        try:
            yield browser
        finally:
            browser.close()


def signed_in(browser: Any, address: str, db: Path, role: Role, **options: Any) -> Any:
    """A context of the browser in which the user of a role is signed in."""
    with Cases(db) as cases, cases.database.writing() as session:
        user = users.must_be(session, role.word)
        secret = sessions.start(session, user.id, "password", Where("127.0.0.1", "test"))
    context = browser.new_context(**options)
    context.add_cookies([{"name": "stillwatch", "value": secret, "url": address}])
    return context
