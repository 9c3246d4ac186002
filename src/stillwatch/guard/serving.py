"""Runs the service on granian: one listener, one or several processes."""

from __future__ import annotations

import os
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

from stillwatch.errors import MissingExtra, RunError, SettingError
from stillwatch.guard.opened import Opener
from stillwatch.guard.service_settings import ServiceConfig
from stillwatch.run.end_with_parent import end_with_parent

SWITCH_S = 0.0005
"""Seconds after which a thread gives way to another one. With Python's 5 ms, a decision that comes while
records are being written would wait as long.
"""
HEADER_MS = 10_000
"""Milliseconds until the head of a call must be whole."""
HEAD_BYTES = 64 << 10
"""Bytes of the head of a call."""
END_S = 10
"""Seconds that calls in progress have when the service ends."""
FOLDER = "PROMETHEUS_MULTIPROC_DIR"


def serve(config: ServiceConfig, state: Path, opener: Opener) -> None:
    """Serve until SIGTERM or SIGINT; records are written before it returns. Raises MissingExtra."""
    try:
        from granian import Granian
        from granian.constants import HTTPModes, Interfaces
        from granian.http import HTTP1Settings
        from granian.log import LOGGING_CONFIG, LogLevels
    except ImportError as error:
        raise MissingExtra("the service needs granian", do="pip install 'stillwatch[guard]'") from error
    service = config.service
    if not state.is_dir():
        raise RunError(
            "there is no state", where=str(state), do="publish a run: stillwatch guard publish RUN --to STATE"
        )
    with tempfile.TemporaryDirectory(prefix="stillwatch-metrics-") as counts:
        if service.workers > 1:  # prometheus-client looks at it when it is imported, in each process
            os.environ.setdefault(FOLDER, counts)
        server: Any = Granian(
            "stillwatch.guard.service",
            address=service.host,
            port=service.port,
            interface=Interfaces.ASGI,
            workers=service.workers,
            http=HTTPModes.http1,
            http1_settings=HTTP1Settings(header_read_timeout=HEADER_MS, max_buffer_size=HEAD_BYTES),
            websockets=False,
            backlog=1_024,
            log_access=False,
            log_level=LogLevels.warning,
            log_dictconfig=_to_stderr(LOGGING_CONFIG),
            workers_kill_timeout=END_S,
            respawn_failed_workers=True,
        )
        try:
            server.serve(target_loader=partial(application, config, state, opener), wrap_loader=False)
        except (OSError, RuntimeError) as error:
            raise SettingError(
                f"the service cannot listen: {error}",
                where=f"{service.host}, port {service.port}",
                do="choose another address or port under [service]",
            ) from error
        except SystemExit as error:
            raise RunError(
                "the service has ended: its processes cannot go on",
                where=str(state),
                do="the lines above say why",
            ) from error


def _to_stderr(config: dict[str, Any]) -> dict[str, Any]:
    """The server's log on stderr, where a command's notes belong."""
    handlers = {name: {**one, "stream": "ext://sys.stderr"} for name, one in config["handlers"].items()}
    return {**config, "handlers": handlers}


def application(config: ServiceConfig, state: Path, opener: Opener) -> Any:
    """The application of one process."""
    end_with_parent()
    from stillwatch.guard.service import Service

    sys.setswitchinterval(SWITCH_S)
    return Service(config, state, opener)
