"""Runs the service for Envoy: one process, or several that share a port."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import socket
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

from stillwatch.errors import RunError, SettingError, StillwatchError
from stillwatch.guard.opened import Opener
from stillwatch.guard.service_settings import ServiceConfig

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
BEGIN_S = 60.0
"""Seconds that a process has to open the state and to listen."""
KILL_S = 10.0
"""Seconds that a process has to end, beyond those for its answers."""
AGAIN_S = 0.5
"""Seconds between two looks at the processes: what fell is started anew."""


def serve(config: ServiceConfig, state: Path, opener: Opener) -> None:
    """Serve until SIGTERM or SIGINT. Raises MissingExtra without the extras, RunError where there is no
    state, SettingError where it cannot listen.
    """
    from stillwatch.guard.envoy_process import serve_one

    if not state.is_dir():
        raise RunError(
            "there is no state", where=str(state), do="publish a run: stillwatch guard publish RUN --to STATE"
        )
    if config.envoy.workers == 1:
        serve_one(config, state, opener)
        return
    _free(config)
    with tempfile.TemporaryDirectory(prefix="stillwatch-metrics-") as counts:
        os.environ.setdefault(FOLDER, counts)  # prometheus-client looks at it when it is imported
        _Workers(config, state, opener).run()


def _free(config: ServiceConfig) -> None:
    """Raises SettingError where another program listens: with a shared port, nobody else would say so."""
    host, port = config.envoy.host, config.envoy.port
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        raise SettingError(
            "the service cannot listen", where=f"{host}:{port}", do="choose another place under [envoy]"
        ) from error


class _Workers:
    """Processes that are started anew where they fall."""

    def __init__(self, config: ServiceConfig, state: Path, opener: Opener) -> None:
        self._given = (config, state, opener)
        self._context = multiprocessing.get_context("spawn")
        self._ended = threading.Event()
        self._processes: list[Any] = []

    def run(self) -> None:
        for one in (signal.SIGTERM, signal.SIGINT):
            signal.signal(one, lambda *_: self._ended.set())
        settings = self._given[0].envoy
        try:
            ready = [self._start() for _ in range(settings.workers)]
            for process, event in zip(self._processes, ready, strict=True):
                self._await(process, event)
            with contextlib.ExitStack() as pages:
                if settings.metrics_port:
                    from stillwatch.guard.metrics import page_of_all
                    from stillwatch.guard.metrics_page import metrics_page

                    pages.enter_context(metrics_page(settings.metrics_port, page_of_all))
                while not self._ended.wait(AGAIN_S):
                    self._mend()
        finally:
            self._end()

    def _start(self) -> Any:
        event = self._context.Event()
        process = self._context.Process(target=_worker, args=(*self._given, event))
        process.start()
        self._processes.append(process)
        return event

    def _await(self, process: Any, event: Any) -> None:
        for _ in range(round(BEGIN_S / AGAIN_S)):
            if self._ended.is_set() or event.wait(AGAIN_S):
                return
            if not process.is_alive():
                break
        raise RunError(
            "the service has ended: its processes cannot begin",
            where=str(self._given[1]),
            do="the lines above say why",
        )

    def _mend(self) -> None:
        from stillwatch.guard.metrics import gone

        for process in [one for one in self._processes if not one.is_alive()]:
            self._processes.remove(process)
            gone(process.pid)
            self._start()

    def _end(self) -> None:
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            process.join(KILL_S + self._given[0].envoy.drain_seconds)
            if process.is_alive():
                process.kill()
                process.join()


def _worker(config: ServiceConfig, state: Path, opener: Opener, event: Any) -> None:
    from stillwatch.guard.envoy_process import serve_one

    try:
        serve_one(config, state, opener, shared_port=True, ready=event.set)
    except StillwatchError as error:
        print(error, file=sys.stderr, flush=True)  # noqa: T201 - the service's own log
        sys.exit(error.exit_code)
