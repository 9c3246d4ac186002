"""Runs a hub on granian."""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from starlette.types import ASGIApp

from stillwatch.cases.database import Database
from stillwatch.errors import SettingError
from stillwatch.hub_settings import HubSettings
from stillwatch.intel.hub.hub import open_hub
from stillwatch.intel.hub.site import Site
from stillwatch.run.end_with_parent import end_with_parent
from stillwatch.run.http_server import http_server

PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Serving:
    """What is served, and where."""

    host: str
    """Address that is listened on."""
    port: int
    """Port that is listened on."""
    site: Site
    """How members reach it."""
    db: str
    """Where the hub is."""
    key: Path
    """The key of checkpoints."""
    settings: HubSettings
    """How it admits members."""
    workers: int = 1
    """Processes. Allowances are counted in each of them."""
    certificate: Path | None = None
    """Certificate for TLS, PEM."""
    tls_key: Path | None = None
    """Its key, PEM."""


def site_of(host: str, port: int, public_url: str, *, tls: bool) -> Site:
    """Return how members reach a hub. Raises SettingError for a public URL with more than scheme and host."""
    if not public_url:
        scheme = "https" if tls else "http"
        shown = f"[{host}]" if ":" in host else host
        return Site(scheme, shown if PORTS[scheme] == port else f"{shown}:{port}")
    parts = urlsplit(public_url)
    bare = parts.scheme in PORTS and parts.netloc and not parts.path.strip("/") and not parts.query
    if not bare or "@" in parts.netloc:
        raise SettingError(
            "this is no address of a site",
            where=f"hub.public_url: {public_url[:120]}",
            do='write scheme and host alone, as "https://hub.example"',
        )
    return Site(parts.scheme, parts.netloc.lower().removesuffix(f":{PORTS[parts.scheme]}"))


def must_be_safe(host: str, *, tls: bool, behind_proxy: bool, public_url: str) -> None:
    """Raise SettingError for an address that others reach without TLS."""
    try:
        loops = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        loops = False
    if not loops and not tls and not behind_proxy:
        raise SettingError(
            "tokens and what is shared would go over the network unencrypted",
            where=f"--host {host}",
            do="give --tls-cert and --tls-key, or --behind-proxy where a proxy of yours ends TLS",
        )
    if behind_proxy and not public_url.startswith("https://"):
        raise SettingError(
            "behind a proxy the hub must know its own address",
            where="hub.public_url",
            do='set public_url = "https://…" under [hub]',
        )
    if not loops and not public_url and host in ("0.0.0.0", "::"):  # noqa: S104
        raise SettingError(
            "members sign for the hub's name, and this address is none",
            where=f"--host {host}",
            do='set public_url = "https://…" under [hub]',
        )


def serve(serving: Serving) -> None:
    """Serve until SIGTERM or SIGINT; calls in progress are answered first. Raises SettingError."""
    _must_be_free(serving.host, serving.port)
    server: Any = http_server(
        "stillwatch.intel.hub.serving",
        serving.host,
        serving.port,
        workers=serving.workers,
        certificate=serving.certificate,
        key=serving.tls_key,
    )
    try:
        server.serve(target_loader=partial(loaded, serving), wrap_loader=False)
    except (OSError, RuntimeError) as error:
        raise _not_listening(serving.host, serving.port, error) from error


def loaded(serving: Serving) -> ASGIApp:
    """Return the application of one process."""
    # The process that only watches over the others needs none of these.
    from stillwatch.intel.hub.app import hub_app
    from stillwatch.intel.hub.parts import PARTS

    end_with_parent()
    hub = open_hub(Database(serving.db), serving.key)
    return hub_app(hub, serving.settings, serving.site, PARTS)


def _must_be_free(host: str, port: int) -> None:
    """Raise SettingError for a port in use: the server shares it, and each would get some of the requests."""
    try:
        kind, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(kind) as trying:
            trying.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trying.bind(address)
    except OSError as error:
        raise _not_listening(host, port, error) from error


def _not_listening(host: str, port: int, error: Exception) -> SettingError:
    return SettingError(
        f"the hub cannot listen: {error}", where=f"{host}, port {port}", do="choose another --host or --port"
    )
