"""One process of the service for Envoy: its gRPC server, its guard, its counters."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from stillwatch.account_names import account_name
from stillwatch.errors import MissingExtra, SettingError
from stillwatch.guard.callers import Accounts, Addresses
from stillwatch.guard.envoy import Processor
from stillwatch.guard.envoy_settings import EnvoySettings
from stillwatch.guard.exchanges import ExchangeLog
from stillwatch.guard.gate import Gate
from stillwatch.guard.grpc_health import health_handler
from stillwatch.guard.metrics import Metrics
from stillwatch.guard.metrics_page import metrics_page
from stillwatch.guard.opened import Opened, Opener
from stillwatch.guard.refusals import Wording
from stillwatch.guard.request_body import Bounds
from stillwatch.guard.service_settings import ServiceConfig
from stillwatch.key_file import secret_of
from stillwatch.small_file import read_small

try:
    import grpc
    from envoy.service.ext_proc.v3 import external_processor_pb2_grpc as services
except ImportError as error:
    raise MissingExtra(
        "Envoy's adapter needs grpcio and xds-protos", do="pip install 'stillwatch[guard,envoy]'"
    ) from error

SWITCH_S = 0.0005
"""Seconds after which a thread gives way to another one, so that no decision waits for records."""
LOOK_S = 5.0
"""Seconds between two looks at how the guard is."""
END_S = 2.0
"""Seconds after answers were let go until calls are broken off."""
SOCKET_MODE = 0o660
MOST_PEM = 1 << 20
"""Bytes of a file with certificates."""


def serve_one(
    config: ServiceConfig,
    state: Path,
    opener: Opener,
    *,
    shared_port: bool = False,
    ready: Callable[[], object] | None = None,
) -> None:
    """Serve in this process until SIGTERM or SIGINT; records are written before it returns. ready: called
    once it listens. Raises StillwatchError as `opener` does, and SettingError if it cannot listen.
    """
    sys.setswitchinterval(SWITCH_S)
    opened = opener(state, config)
    try:
        exchanges = _exchanges(config)
        try:
            asyncio.run(_Serving(config, opened, exchanges).run(shared_port=shared_port, ready=ready))
        finally:
            if exchanges is not None:
                exchanges.close()
    finally:
        opened.close()


def _exchanges(config: ServiceConfig) -> ExchangeLog | None:
    if not config.envoy.exchanges:
        return None
    key = secret_of(Path(config.state.key_file)) if config.state.key_file else None
    return ExchangeLog(Path(config.envoy.exchanges), partial(account_name, key=key))


class _Serving:
    """The parts of the process while it serves."""

    def __init__(self, config: ServiceConfig, opened: Opened, exchanges: ExchangeLog | None) -> None:
        self._config, self._opened = config, opened
        self._metrics = Metrics()
        self._stopping = False
        self._faults = 0
        settings = config.envoy
        self._gate = Gate(
            opened.guard,
            "envoy",
            config.failure,
            Accounts(settings.account_header, hashed=not config.state.key_file),
            Addresses(settings.trusted_proxies),
            Wording(config.guard.appeal, config.texts),
            opened.cohort_key,
            exchanges,
            settings.ja4_header.lower().encode("latin-1"),
            self._metrics.decided,
        )
        self._processor = Processor(self._gate, Bounds(settings.body_bytes))

    async def run(self, *, shared_port: bool, ready: Callable[[], object] | None) -> None:
        """Serve until a signal comes."""
        ended = asyncio.Event()
        loop = asyncio.get_running_loop()
        for one in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(one, ended.set)
        settings = self._config.envoy
        server = self._server(shared_port=shared_port)
        where = _listen(server, settings)
        await server.start()
        if settings.socket:
            os.chmod(where, SOCKET_MODE)
        looking = asyncio.create_task(self._look())
        with contextlib.ExitStack() as pages:
            if settings.metrics_port and not shared_port:
                pages.enter_context(metrics_page(settings.metrics_port, self._metrics.page))
            if ready is not None:
                ready()
            await ended.wait()
            await self._stop(server)
        looking.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await looking

    async def _stop(self, server: Any) -> None:
        """Take no new requests; answers that pass have some time, and then go on without the guard."""
        self._stopping = True
        drain = self._config.envoy.drain_seconds
        stopped = asyncio.create_task(server.stop(drain + END_S))
        done, _ = await asyncio.wait((stopped,), timeout=drain)
        if not done:
            self._processor.end_answers()
        await stopped

    def _server(self, *, shared_port: bool) -> Any:
        options = [
            # Envoy bounds what it sends; a body refused by gRPC would pass where Envoy lets failures pass.
            ("grpc.max_receive_message_length", -1),
            ("grpc.so_reuseport", int(shared_port)),
        ]
        server = grpc.aio.server(options=options, maximum_concurrent_rpcs=self._config.envoy.streams)
        services.add_ExternalProcessorServicer_to_server(self._processor, server)
        server.add_generic_rpc_handlers((health_handler(lambda: not self._stopping, self._healthy),))
        return server

    def _healthy(self) -> bool:
        health = self._opened.health(self._opened.guard.clock())
        self._metrics.healthy(health)
        return health.fresh and bool(self._opened.guard.state.digest)

    async def _look(self) -> None:
        told = False
        while True:
            with contextlib.suppress(Exception):  # what fails here fails when health is asked for, too
                self._healthy()
            while self._faults < self._gate.faults:
                self._faults += 1
                self._metrics.fault()
            if self._processor.misused and not told:
                told = True
                print(  # noqa: T201 - the service's own log
                    "the guard cannot decide what Envoy sends: set request_header_mode SEND, "
                    "request_body_mode BUFFERED and no observability_mode in its ext_proc filter",
                    file=sys.stderr,
                    flush=True,
                )
            await asyncio.sleep(LOOK_S)


def _listen(server: Any, settings: EnvoySettings) -> str:
    """Add the port; returns where it is. Raises SettingError if it cannot be had."""
    where = settings.socket or f"{_bracketed(settings.host)}:{settings.port}"
    address = f"unix:{settings.socket}" if settings.socket else where
    try:
        if settings.certificate:
            server.add_secure_port(address, _credentials(settings))
        else:
            server.add_insecure_port(address)
    except (RuntimeError, ValueError) as error:
        raise SettingError(
            "the service cannot listen", where=where, do="choose another place under [envoy]"
        ) from error
    return where


def _credentials(settings: EnvoySettings) -> Any:
    pair = (_pem(settings.certificate_key), _pem(settings.certificate))
    roots = _pem(settings.client_ca) if settings.client_ca else None
    return grpc.ssl_server_credentials((pair,), roots, require_client_auth=roots is not None)


def _pem(path: str) -> bytes:
    return read_small(Path(path), MOST_PEM, what="certificate or key", error=SettingError, do="check [envoy]")


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
