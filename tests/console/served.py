"""A console in a process of its own, as people start it."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

PATIENCE_S = 60.0


@dataclass
class Served:
    """What runs."""

    process: subprocess.Popen[str]
    port: int
    link: str

    @property
    def origin(self) -> str:
        """Where browsers find it."""
        return f"http://localhost:{self.port}"

    def end(self) -> int:
        """End it as a service manager does; return the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)


@contextmanager
def served(db: Path, *options: str, port: int = 0) -> Iterator[Served]:
    """Start it, wait until it answers, and end it. port: 0 for a free one."""
    port = port or free_port()
    command = [sys.executable, "-m", "stillwatch", "serve", "--db", str(db), "--port", str(port), *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert process.stdout is not None
    try:
        said = ""
        while "The console is at" not in said:
            line = process.stdout.readline()
            assert line, said
            said += line
        found = re.search(r"http://\S+/welcome/\S+", said)
        wait_for(port)
        yield Served(process, port, found[0] if found else "")
    finally:
        if process.poll() is None:
            process.kill()
            process.wait(30)
        process.stdout.close()


def free_port() -> int:
    """Return a port on which nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def wait_for(port: int) -> None:
    """Wait until a console answers on a port."""
    ends = time.monotonic() + PATIENCE_S
    while time.monotonic() < ends:
        connection = HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/sign-in", headers={"Host": f"localhost:{port}"})
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.05)
        finally:
            connection.close()
    raise TimeoutError("the console does not answer")
