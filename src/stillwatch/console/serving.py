"""Runs the console on granian."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from starlette.types import ASGIApp

from stillwatch.cases.cases import Cases
from stillwatch.cases.database import Database
from stillwatch.console.access.openid_provider import Provider
from stillwatch.console.app import application
from stillwatch.console.behind import Behind
from stillwatch.console.desk import Desk
from stillwatch.console.role import Role
from stillwatch.console.runs import Runs
from stillwatch.console.seen import Doors
from stillwatch.console.site import Site
from stillwatch.console.warming import warm
from stillwatch.console_settings import ConsoleSettings
from stillwatch.errors import SettingError
from stillwatch.run.end_with_parent import end_with_parent
from stillwatch.run.http_server import http_server
from stillwatch.settings import Settings
from stillwatch.small_file import read_small


@dataclass(frozen=True)
class Serving:
    """What is served, and where."""

    host: str
    """Address that is listened on."""
    port: int
    """Port that is listened on."""
    site: Site
    """How browsers reach it."""
    db: str
    """Where the cases are."""
    runs: tuple[Path, ...]
    """Runs, or folders of runs."""
    state: Path | None
    """The guard's state."""
    settings: Settings
    """All settings."""
    secret: str
    """What device cookies and challenges are signed with."""
    workers: int = 1
    """Processes."""
    certificate: Path | None = None
    """Certificate for TLS, PEM."""
    key: Path | None = None
    """Its key, PEM."""
    channels: Path | None = None
    """File of channels; None: nothing is delivered."""
    appeal_key: Path | None = None
    """The key of appeal links; None: beside the file of cases."""
    sharing: str = ""
    """Where shared intelligence is kept; empty: with the cases."""


def serve(serving: Serving) -> None:
    """Serve until SIGTERM or SIGINT; calls in progress are answered first. Raises SettingError."""
    server: Any = http_server(
        "stillwatch.console.serving",
        serving.host,
        serving.port,
        workers=serving.workers,
        certificate=serving.certificate,
        key=serving.key,
    )
    try:
        server.serve(target_loader=partial(loaded, serving), wrap_loader=False)
    except (OSError, RuntimeError) as error:
        raise SettingError(
            f"the console cannot listen: {error}",
            where=f"{serving.host}, port {serving.port}",
            do="choose another --host or --port",
        ) from error


def loaded(serving: Serving) -> ASGIApp:
    """Return the application of one process."""
    end_with_parent()
    cases = Cases(serving.db, settings=serving.settings.cases)
    doors = Doors(
        cases,
        Runs(serving.runs),
        serving.state,
        serving.settings,
        serving.site.origin,
        serving.appeal_key,
        serving.channels,
        Database(serving.sharing) if serving.sharing else None,
    )
    threading.Thread(target=warm, args=(doors.runs,), name="stillwatch-warm", daemon=True).start()
    provider = provider_of(serving.settings.console)
    desk = Desk(doors, serving.site, secret=serving.secret, provider=provider)
    return application(desk, beside=(Behind(doors),))


def provider_of(settings: ConsoleSettings) -> Provider | None:
    """Return the OpenID provider of the settings; None where none is set. Raises SettingError."""
    if not settings.oidc_issuer:
        return None
    if not settings.oidc_client:
        raise SettingError(
            "a provider needs the console's client id",
            where="console.oidc_client",
            do="set it under [console]",
        )
    for one in settings.oidc_roles:
        group, _, role = one.rpartition("=")
        if not group or role not in {known.word for known in Role}:
            raise SettingError(
                "this gives no group a role",
                where=f"console.oidc_roles: {one[:80]}",
                do='write "GROUP=analyst"',
            )
    secret = ""
    if settings.oidc_secret_file:
        file = Path(settings.oidc_secret_file)
        data = read_small(file, 4_096, what="client's secret", error=SettingError, do="check the path")
        secret = data.decode("utf-8", "replace").strip()
    return Provider(settings.oidc_issuer, settings.oidc_client, secret)
