"""The application of a hub: its own pages, and the parts that are mounted beside them, behind one door."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Mount
from starlette.types import ASGIApp

from stillwatch.cases.database import Database
from stillwatch.hub_settings import HubSettings
from stillwatch.intel.hub.door import Door, who
from stillwatch.intel.hub.group_pages import group_routes
from stillwatch.intel.hub.hub import Hub
from stillwatch.intel.hub.log import witness
from stillwatch.intel.hub.log_pages import log_routes
from stillwatch.intel.hub.metrics import HubMetrics
from stillwatch.intel.hub.retention import Purge, Purging
from stillwatch.intel.hub.sign_in import SignIn
from stillwatch.intel.hub.site import Site
from stillwatch.intel.member import Member
from stillwatch.intel.witness import Witness

Who = Callable[[Request], Awaitable[Member | None]]


@dataclass(frozen=True)
class Around:
    """What a part of a hub gets from it."""

    hub: Hub
    """The hub, with its database."""
    settings: HubSettings
    """How it admits members."""
    site: Site
    """How members reach it."""
    who: Who = who
    """Tells which member asks."""
    witness: Witness = witness
    """Writes to the log, in the transaction of what it tells of."""


@dataclass(frozen=True)
class Part:
    """An application that a hub serves beside its own pages."""

    path: str
    """Where it is mounted, as "/private"; empty: at the root, as the last one."""
    make: Callable[[Around], ASGIApp]
    """Makes it."""
    tables: Callable[[Session], None] | None = None
    """Makes its tables where they are not there."""
    purge: Purge | None = None
    """Deletes what it keeps past its retention."""


def hub_app(hub: Hub, settings: HubSettings, site: Site, parts: Sequence[Part] = ()) -> ASGIApp:
    """Return the application. site: how members reach it; parts: what is served beside its own pages."""
    metrics = HubMetrics()
    set_up(hub, parts)
    around = Around(hub, settings, site)
    made = [(part.path, part.make(around)) for part in parts]
    purges = [part.purge for part in parts if part.purge is not None]

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        purging = Purging(hub.database, purges, settings.purge_hours)
        purging.start()
        try:
            with _kept_open(hub.database):
                yield
        finally:
            purging.stop()

    mounts = [Mount(path, app=app) for path, app in sorted(made, key=lambda one: not one[0])]
    app = Starlette(
        routes=[*group_routes(hub, settings, metrics), *log_routes(hub), *mounts], lifespan=lifespan
    )
    return Door(app, SignIn(hub.database, settings.skew_seconds), settings, site, metrics)


def set_up(hub: Hub, parts: Sequence[Part]) -> None:
    """Make the tables of the parts where they are not there. Raises IntelError where a newer version made
    them.
    """
    with hub.database.writing() as session:
        for part in parts:
            if part.tables is not None:
                part.tables(session)


@contextlib.contextmanager
def _kept_open(database: Database) -> Iterator[None]:
    """A connection that is open meanwhile: when its last connection closes, SQLite copies its log into the
    database and waits for the disk, and each request here has a connection of its own.
    """
    if not database.sqlite:
        yield
        return
    with database.engine.connect() as connection:
        connection.exec_driver_sql("SELECT count(*) FROM hub_about").all()
        connection.rollback()
        yield
