"""Parts for tests of the service: a guard over accounts of these tests, and the service as a process."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from asgi_parts import free_port
from guard_parts import OneBucket, fired, guard, known

from stillwatch.guard.opened import Health, Opened
from stillwatch.guard.records import DecisionRecords
from stillwatch.guard.service_settings import ServiceConfig
from stillwatch.response.ladder import Action, Permission, Step

SECRET = "0123456789abcdef" * 4
STALE, NONE = "stale", "none"
"""Files in a state of these tests by which it is stale, or has no snapshot."""


def open_parts(state: Path, config: ServiceConfig) -> Opened:
    """Opens a folder: ada is blocked, bob has a budget of 1,000 tokens, holder has a permit."""
    accounts = {
        "ada": known(),
        "key-0": known(),
        "bob": known(),
        "holder": known(permission=Permission.COVERS),
    }
    bucket = OneBucket(1_000)
    made = guard(
        state / "records",
        accounts,
        fired(Step.BLOCK) if not (state / "slow").exists() else fired(Action(Step.SLOW, 9, 9, delay_ms=1)),
        failure=config.failure,
        digest="" if (state / NONE).exists() else "snapshot",
        fresh=not (state / STALE).exists() and not (state / NONE).exists(),
        budgets=bucket,
    )
    records = made.records
    assert isinstance(records, DecisionRecords)

    def health(now: float) -> Health:
        return Health(
            made.state.fresh(now),
            12.5,
            problems={"snapshot-unreadable": 3},
            waiting=records.segments.waiting,
            lost=records.segments.lost,
        )

    return Opened(made, health, records.close, b"k" * 32)


@dataclass
class Running:
    """The service as a process."""

    port: int
    process: subprocess.Popen[str]

    def call(
        self,
        path: str,
        body: Any = None,
        *,
        secret: str | None = SECRET,
        headers: Mapping[str, str] | None = None,
    ) -> tuple[int, Any]:
        """Call it: POST where there is a body, else GET; returns the status and the document or text."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            data = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
            sent = {"content-type": "application/json", **(headers or {})}
            if secret is not None:
                sent["authorization"] = f"Bearer {secret}"
            connection.request("GET" if data is None else "POST", path, data, sent)
            answer = connection.getresponse()
            text = answer.read().decode()
            return answer.status, json.loads(text) if text.startswith("{") else text
        finally:
            connection.close()

    def end(self, how: signal.Signals = signal.SIGTERM) -> int:
        """End it; returns its exit code."""
        self.process.send_signal(how)
        return self.process.wait(30)


def configured(
    folder: Path, *, failure: str = "closed", port: int = 0, workers: int = 1, more: str = ""
) -> Path:
    """Write a configuration with a secret beside it."""
    (folder / "secret").write_text(SECRET + "\n")
    file = folder / "guard.toml"
    file.write_text(
        f'[guard]\nfailure = "{failure}"\nappeal = "https://example.org/appeal"\n'
        f'[service]\nport = {port or free_port()}\nworkers = {workers}\nsecret_file = "secret"\n{more}'
    )
    return file


CODE = (
    "import sys; sys.path[:0] = sys.argv[3:]\n"
    "from pathlib import Path\n"
    "from service_parts import open_parts\n"
    "from stillwatch.guard.service_settings import load\n"
    "from stillwatch.guard.serving import serve\n"
    "serve(load(Path(sys.argv[1])), Path(sys.argv[2]), open_parts)\n"
)
"""Serves a state of these tests."""


@contextlib.contextmanager
def running(folder: Path, **options: Any) -> Iterator[Running]:
    """Run the service over a state of these tests below a folder."""
    port = free_port()
    state = folder / "state"
    state.mkdir(exist_ok=True)
    file = configured(folder, port=port, **options)
    words = [sys.executable, "-c", CODE, str(file), str(state), str(Path(__file__).parent)]
    with started(port, words) as service:
        yield service


@contextlib.contextmanager
def started(port: int, words: list[str]) -> Iterator[Running]:
    """Run a command that serves, and wait until it answers."""
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    service = Running(port, process)
    try:
        for _ in range(600):
            with contextlib.suppress(OSError):
                if service.call("/health/live", secret=None)[0] == 200:
                    break
            assert process.poll() is None, process.stderr and process.stderr.read()
            time.sleep(0.05)
        yield service
    finally:
        if process.poll() is None:
            os.kill(process.pid, signal.SIGKILL)
        process.wait(30)
        if process.stderr:
            process.stderr.close()
