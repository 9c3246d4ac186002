"""A hub on loopback and members of it, for tests: real server, real keys, real files."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
from granian.constants import HTTPModes, Interfaces
from granian.server.embed import Server

from stillwatch.cases.database import Database
from stillwatch.hub_settings import HubSettings
from stillwatch.intel.hub import agreements
from stillwatch.intel.hub.agreements import Terms, acceptance
from stillwatch.intel.hub.app import Part, hub_app
from stillwatch.intel.hub.client import KEY, Sharing, join, new_key
from stillwatch.intel.hub.hub import Hub, init
from stillwatch.intel.hub.keys import read_key, read_public
from stillwatch.intel.hub.members import Joining, add
from stillwatch.intel.hub.serving import site_of
from stillwatch.intel.member import Channel
from stillwatch.intel.tlp import Tlp

LOOPBACK = "127.0.0.1"


@dataclass
class House:
    """A hub and the folder of its members' sides."""

    hub: Hub
    url: str
    folder: Path

    def member(self, name: str, *, coordinator: bool = False, clearance: Tlp = Tlp.RED) -> Sharing:
        """Let a member join, and return its side."""
        folder = self.folder / name
        public = read_public(new_key(folder), "test")
        with self.hub.database.writing() as session:
            made = add(session, Joining(name, public, clearance, coordinator=coordinator))
        return join(folder, self.url, name, made.identity, self.hub.verifier.written())

    def agree(self, terms: Terms, *names: str) -> None:
        """Add an agreement that these members accept."""
        with self.hub.database.writing() as session:
            agreements.add(session, terms)
            for name in names:
                signature = acceptance(terms, name, read_key(self.folder / name / KEY))
                agreements.accept(session, terms.digest, name, signature)


def terms(*parties: str, **other: object) -> Terms:
    """An agreement about information up to AMBER for 30 days."""
    found: dict[str, object] = {
        "agreement": "sharing",
        "version": 1,
        "purpose": "Find campaigns that work several providers.",
        "channels": frozenset({Channel.INFORMATION}),
        "clearance": Tlp.AMBER,
        "retention_days": 30,
        "parties": tuple(sorted(parties)),
        **other,
    }
    return Terms(**found)  # type: ignore[arg-type]


def made_hub(folder: Path, name: str = "HUB.db") -> Hub:
    """A new hub in a folder."""
    folder.mkdir(exist_ok=True, parents=True)
    return init(Database(folder / name), "hub.example", folder / f"{name}.key")


def free_port() -> int:
    """A port that is free now."""
    with socket.socket() as listening:
        listening.bind((LOOPBACK, 0))
        return int(listening.getsockname()[1])


@contextmanager
def running(
    hub: Hub, folder: Path, parts: Sequence[Part] = (), settings: HubSettings | None = None
) -> Iterator[House]:
    """A hub that is served in a thread of its own."""
    port = free_port()
    site = site_of(LOOPBACK, port, "", tls=False)
    app = hub_app(hub, settings or HubSettings(), site, parts)
    loop = asyncio.new_event_loop()
    server = Server(
        app,
        LOOPBACK,
        port,
        interface=Interfaces.ASGI,
        http=HTTPModes.http1,
        websockets=False,
        log_enabled=False,
    )
    ended = threading.Event()

    def serve() -> None:
        asyncio.set_event_loop(loop)
        loop.run_until_complete(server.serve())
        loop.close()
        ended.set()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        _wait_for(f"{site.url}/hub/health")
        yield House(hub, site.url, folder)
    finally:
        loop.call_soon_threadsafe(server.stop)
        assert ended.wait(10), "the server did not stop"
        thread.join()


def _wait_for(address: str) -> None:
    until = time.monotonic() + 20
    while True:
        try:
            if httpx2.get(address, trust_env=False).status_code == 200:
                return
        except httpx2.HTTPError:
            if time.monotonic() > until:
                raise
        time.sleep(0.02)
