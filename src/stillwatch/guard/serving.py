"""Runs the service on granian: one listener, one or several processes."""

from __future__ import annotations

import os
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

from stillwatch.errors import RunError, SettingError
from stillwatch.guard.opened import Opener
from stillwatch.guard.service_settings import ServiceConfig
from stillwatch.run.end_with_parent import end_with_parent
from stillwatch.run.http_server import http_server

SWITCH_S = 0.0005
"""Seconds after which a thread gives way to another one. With Python's 5 ms, a decision that comes while
records are being written would wait as long.
"""
FOLDER = "PROMETHEUS_MULTIPROC_DIR"


def serve(config: ServiceConfig, state: Path, opener: Opener) -> None:
    """Serve until SIGTERM or SIGINT; records are written before it returns. Raises MissingExtra."""
    service = config.service
    if not state.is_dir():
        raise RunError(
            "there is no state", where=str(state), do="publish a run: stillwatch guard publish RUN --to STATE"
        )
    with tempfile.TemporaryDirectory(prefix="stillwatch-metrics-") as counts:
        if service.workers > 1:  # prometheus-client looks at it when it is imported, in each process
            os.environ.setdefault(FOLDER, counts)
        server: Any = http_server(
            "stillwatch.guard.service", service.host, service.port, workers=service.workers, backlog=1_024
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


def application(config: ServiceConfig, state: Path, opener: Opener) -> Any:
    """The application of one process."""
    end_with_parent()
    from stillwatch.guard.service import Service

    sys.setswitchinterval(SWITCH_S)
    return Service(config, state, opener)
