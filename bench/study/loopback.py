"""What studies with servers of their own share: ports of loopback, and the wait for a LiteLLM proxy."""

from __future__ import annotations

import http.client
import socket
import subprocess
import time

STARTS_S = 180.0
"""Seconds that a proxy has to come up on a busy machine."""


def free_port() -> int:
    """A port of loopback that is free now."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def wait_for_proxy(port: int, process: subprocess.Popen[bytes], otherwise: str) -> None:
    """Wait until a LiteLLM proxy answers. Raises SystemExit with `otherwise` if it does not."""
    until = time.monotonic() + STARTS_S
    while time.monotonic() < until and process.poll() is None:
        try:
            line = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
            line.request("GET", "/health/liveliness")
            if line.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.2)
    raise SystemExit(otherwise)
