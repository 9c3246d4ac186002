"""Starts a real LiteLLM proxy and what stands behind it, for the tests beside."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]
BIN = ROOT / ".venv-litellm" / "bin"
ABSENT = "no .venv-litellm: run `make litellm`"


@contextmanager
def started(
    words: list[str], folder: Path, *, cwd: Path, **environment: str
) -> Iterator[subprocess.Popen[bytes]]:
    """A process that ends with the block; it writes to a file in the folder."""
    with (folder / f"{Path(words[0]).stem}-{Path(words[-1]).stem}.out").open("wb") as out:
        process = subprocess.Popen(
            words,
            cwd=cwd,
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(folder),
                "PYTHONDONTWRITEBYTECODE": "1",
                **environment,
            },
            stdout=out,
            stderr=subprocess.STDOUT,
        )
        try:
            yield process
        finally:
            process.terminate()
            process.wait(30)


def free_port() -> int:
    """A port of loopback that is free now."""
    with socket.socket() as opened:
        opened.bind(("127.0.0.1", 0))
        port: int = opened.getsockname()[1]
        return port


def wait_for(url: str, process: subprocess.Popen[bytes], seconds: int = 150) -> None:
    """Wait until an address answers."""
    until = time.monotonic() + seconds
    while time.monotonic() < until and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise AssertionError("the proxy did not start")


def proxy_words(port: int, config: str) -> list[str]:
    """The command of a proxy on loopback."""
    return [str(BIN / "litellm"), "--host", "127.0.0.1", "--port", str(port), "--config", config]


def settings(stub_port: int, folder: Path) -> dict[str, str]:
    """The environment of a proxy: it reaches nothing but the stub."""
    return {
        "STUB_URL": f"http://127.0.0.1:{stub_port}",
        "LOG_FOLDER": str(folder),
        "LITELLM_MASTER_KEY": f"sk-{secrets.token_urlsafe(24)}",
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "LITELLM_TELEMETRY": "False",
        "DISABLE_ADMIN_UI": "True",
    }
