"""A console in a process of its own, and a browser that asks it for pages."""

from __future__ import annotations

import gzip
import http.client
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from stillwatch.cases.cases import Cases
from stillwatch.console.access import sessions, users
from stillwatch.console.access.sessions import Where
from stillwatch.console.declared import declared
from stillwatch.console.role import Role
from study.loopback import free_port

PATIENCE_S = 60.0


@dataclass(frozen=True)
class PageTime:
    """How one page was answered."""

    path: str
    """Its path, as asked."""
    status: int
    """Of its answers."""
    first_ms: float
    """Milliseconds of the first answer, when nothing of the run was read yet."""
    p50_ms: float
    """Median of the later ones."""
    p95_ms: float
    """The 95th percentile of the later ones."""
    bytes: int
    """Bytes of the page."""
    packed: int
    """The same, packed with gzip."""


def secret_of(db: Path) -> str:
    """Make an admin, and return the secret of a session."""
    with Cases(db) as cases, cases.database.writing() as session:
        user = users.add(session, "bench", Role.ADMIN, "bench")
        return sessions.start(session, user.id, "password", Where("127.0.0.1", "bench"))


def paths(examples: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """Return the path of every declared page, and the paths for which no example is known."""
    found, unknown = [], []
    for page in declared().pages:
        names = re.findall(r"\{(\w+)", page.path)
        if all(name in examples for name in names):
            found.append(re.sub(r"\{(\w+)(?::\w+)?\}", lambda one: examples[one[1]], page.path))
        else:
            unknown.append(page.path)
    return found, unknown


@contextmanager
def served(db: Path, runs: Path, state: Path) -> Iterator[int]:
    """Start `stillwatch serve`; give its port, and end it."""
    port = free_port()
    command = [sys.executable, "-m", "stillwatch", "serve", "--db", str(db), "--runs", str(runs)]
    command += ["--state", str(state), "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        try:
            _wait(port)
            yield port
        finally:
            process.terminate()
            process.wait(30)


def asked(port: int, secret: str, path: str, times: int) -> PageTime:
    """Ask for a page once, and then some times more."""
    taken, status, body = [], 0, b""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    headers = {"Cookie": f"stillwatch={secret}", "Host": f"127.0.0.1:{port}"}
    for _ in range(times + 1):
        began = time.perf_counter()
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        body = answer.read()
        taken.append((time.perf_counter() - began) * 1e3)
        status = answer.status
    connection.close()
    later = np.array(taken[1:])
    return PageTime(
        path,
        status,
        taken[0],
        float(np.percentile(later, 50)),
        float(np.percentile(later, 95)),
        len(body),
        len(gzip.compress(body, 6)),
    )


def _wait(port: int) -> None:
    ends = time.monotonic() + PATIENCE_S
    while time.monotonic() < ends:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/sign-in")
            connection.getresponse().read()
            return
        except OSError:
            time.sleep(0.1)
        finally:
            connection.close()
    raise TimeoutError("the console does not answer")
