"""A Granian server as every service is started: HTTP/1 alone, bounds on the head of a call, log on stderr."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from stillwatch.errors import MissingExtra

HEADER_MS = 10_000
"""Milliseconds until the head of a call must be whole."""
HEAD_BYTES = 64 << 10
"""Bytes of the head of a call."""
END_S = 10
"""Seconds that calls in progress have when a service ends."""


def http_server(
    target: str,
    host: str,
    port: int,
    *,
    workers: int = 1,
    backlog: int = 256,
    certificate: Path | None = None,
    key: Path | None = None,
) -> Any:
    """Return a server that listens once it is told to serve. target: what its processes are called after;
    certificate, key: PEM, for TLS. A process that ends is replaced. Raises MissingExtra without granian.
    """
    try:
        from granian import Granian
        from granian.constants import HTTPModes, Interfaces
        from granian.http import HTTP1Settings
        from granian.log import LOGGING_CONFIG, LogLevels
    except ImportError as error:
        raise MissingExtra(
            "the service needs granian", do="pip install 'stillwatch[guard]', or the extra of the service"
        ) from error
    return Granian(
        target,
        address=host,
        port=port,
        interface=Interfaces.ASGI,
        workers=workers,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=HEADER_MS, max_buffer_size=HEAD_BYTES),
        websockets=False,
        backlog=backlog,
        log_access=False,
        log_level=LogLevels.warning,
        log_dictconfig=_to_stderr(LOGGING_CONFIG),
        workers_kill_timeout=END_S,
        respawn_failed_workers=True,
        ssl_cert=certificate,
        ssl_key=key,
    )


def _to_stderr(config: dict[str, Any]) -> dict[str, Any]:
    """The server's log on stderr, where a command's notes belong."""
    handlers = {name: {**one, "stream": "ext://sys.stderr"} for name, one in config["handlers"].items()}
    return {**config, "handlers": handlers}
