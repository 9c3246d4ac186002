"""Runs a real Envoy with the file of deploy/envoy, between a client and a model of these tests."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from asgi_parts import free_port
from envoy_certificate import certified

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "deploy" / "envoy" / "envoy.yaml"


def binary() -> Path | None:
    """Envoy's program, if `make envoy` was made."""
    found = ROOT.glob(".venv-envoy/lib/python3*/site-packages/envoy/_bin/envoy")
    return next(found, None)


@dataclass
class Envoy:
    """Envoy as a process."""

    port: int
    process: subprocess.Popen[bytes]
    log: Path

    def connection(self) -> http.client.HTTPSConnection:
        """A connection; its certificate is not looked at."""
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return http.client.HTTPSConnection("127.0.0.1", self.port, timeout=30, context=context)

    def ask(
        self,
        account: str,
        body: Any = None,
        path: str = "/v1/chat/completions",
        *,
        method: str = "POST",
        **headers: str,
    ) -> tuple[int, dict[str, str], bytes]:
        """Ask once: status, headers, body."""
        with contextlib.closing(self.connection()) as connection:
            data = (
                body
                if isinstance(body, bytes)
                else json.dumps({"model": "wren"} if body is None else body).encode()
            )
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            sent = {"content-type": "application/json", "x-account": account, **named}
            connection.request(method, path, None if method == "GET" else data, sent)
            answer = connection.getresponse()
            return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()


@contextlib.contextmanager
def running_envoy(
    folder: Path, model: int, guard: int, *, allow: bool = False, changes: dict[str, str] | None = None
) -> Iterator[Envoy]:
    """Run Envoy with the file as it is, but for ports, certificate and failure_mode_allow."""
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    certificate, key = certified(folder, "localhost")
    text = FILE.read_text(encoding="utf-8")
    for was, now in {
        "address: 0.0.0.0, port_value: 8443": f"address: 127.0.0.1, port_value: {port}",
        "port_value: 8000": f"port_value: {model}",
        "port_value: 8788": f"port_value: {guard}",
        "/etc/envoy/tls/certificate.pem": str(certificate),
        "/etc/envoy/tls/key.pem": str(key),
        "failure_mode_allow: false\n": f"failure_mode_allow: {str(allow).lower()}\n",
        **(changes or {}),
    }.items():
        assert was in text, was
        text = text.replace(was, now)
    file = folder / "envoy.yaml"
    file.write_text(text, encoding="utf-8")
    log = folder / "envoy.log"
    program = binary()
    assert program is not None
    words = [str(program), "-c", str(file), "--concurrency", "1", "--use-dynamic-base-id", "-l", "info"]
    with log.open("wb") as out:
        process = subprocess.Popen(words, stdout=out, stderr=subprocess.STDOUT)
    envoy = Envoy(port, process, log)
    try:
        _await(envoy)
        yield envoy
    finally:
        if process.poll() is None:
            os.kill(process.pid, signal.SIGKILL)
        process.wait(30)


def _await(envoy: Envoy) -> None:
    for _ in range(400):
        assert envoy.process.poll() is None, envoy.log.read_text()[-3_000:]
        with contextlib.suppress(OSError, http.client.HTTPException):
            if envoy.ask("nobody", path="/health", method="GET")[0] == 200:
                return
        time.sleep(0.05)
    raise AssertionError(f"Envoy does not answer: {envoy.log.read_text()[-3_000:]}")


def soon(holds: Callable[[], bool], seconds: float = 10.0) -> None:
    """Wait until something holds."""
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until, "it never came"
        time.sleep(0.02)
