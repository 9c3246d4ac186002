"""A console with a user of each role, and browsers and programs that use it."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from case_runs import Group, Sealed, sealed
from starlette.testclient import TestClient

from stillwatch.cases import Cases
from stillwatch.console.access import sessions, tokens, users
from stillwatch.console.access.secrets import derived
from stillwatch.console.access.sessions import Where
from stillwatch.console.app import application
from stillwatch.console.desk import Desk
from stillwatch.console.role import Role
from stillwatch.console.runs import Runs
from stillwatch.console.seen import Doors
from stillwatch.console.site import Site
from stillwatch.console_settings import ConsoleSettings
from stillwatch.settings import Settings

HOST = "console.test"
EXAMPLES = {
    "number": "1",
    "name": "C001",
    "run": "run-1",
    "account": Group("camp-small").accounts()[0],
    "rule": "watch",
}
"""A value for each parameter of a path, of the store and the run below; x for others."""
ORIGIN = f"http://{HOST}"
OURS = {"Origin": ORIGIN, "Sec-Fetch-Site": "same-origin"}
"""What a browser says of a form of our own page."""


def there(path: str) -> str:
    """A path with values that lead somewhere."""
    return re.sub(
        r"\{(\w+)(?::(\w+))?\}",
        lambda found: "1" if found[2] == "int" else EXAMPLES.get(found[1], "x"),
        path,
    )


@dataclass
class Console:
    """One console over a store of its own."""

    cases: Cases
    site: Site = field(default_factory=lambda: Site(ORIGIN, frozenset((HOST,))))
    settings: ConsoleSettings = field(default_factory=ConsoleSettings)
    runs: tuple[Path, ...] = ()
    desk: Desk = field(init=False)

    def __post_init__(self) -> None:
        doors = Doors(self.cases, Runs(self.runs), None, Settings(console=self.settings), self.site.origin)
        self.desk = Desk(doors, self.site)

    def client(self) -> TestClient:
        """A browser that nobody has signed in with."""
        app = application(self.desk)
        return TestClient(
            app, base_url=self.site.origin, follow_redirects=False, raise_server_exceptions=False
        )

    def browser(self, role: Role, *, proved: float | None = None) -> Browser:
        """A browser in which the user of a role is signed in."""
        with self.cases.database.writing() as session:
            user = users.must_be(session, role.word)
            secret = sessions.start(session, user.id, "password", Where("192.0.2.7", "test"), proved)
        client = self.client()
        client.cookies.set(self.site.cookie, secret, domain=HOST)
        return Browser(client, secret)

    def token(self, role: Role, *, read_only: bool = False) -> dict[str, str]:
        """The header of a program with a token of a role."""
        with self.cases.database.writing() as session:
            user = users.must_be(session, Role.ADMIN.word)
            _, secret = tokens.make(
                session, user, "test", role, read_only=read_only, days=1, settings=self.settings, by="test"
            )
        return {"Authorization": f"Bearer {secret}"}


@dataclass
class Browser:
    """A browser."""

    client: TestClient
    secret: str

    @property
    def csrf(self) -> str:
        """The token that its forms have."""
        return derived(self.secret, "csrf")

    def get(self, path: str) -> Any:
        """Look at a page."""
        return self.client.get(path)

    def post(self, path: str, fields: dict[str, Any] | None = None, **headers: str) -> Any:
        """Send a form as its page would."""
        data = {"csrf": self.csrf, **(fields or {})}
        return self.client.post(path, data=data, headers={**OURS, **headers})


@pytest.fixture(scope="session")
def stocked_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with two cases and a user of each role, to be copied."""
    folder = tmp_path_factory.mktemp("console")
    run = sealed(folder / "run", Sealed("run-1", (Group("camp-small"), Group("camp-large", 30))))
    with Cases(folder / "CASES.db", create=True) as cases:
        cases.sync(run)
        with cases.database.writing() as session:
            for role in Role:
                users.add(session, role.word, role, "test")
        with cases.database.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    return folder / "CASES.db"


@pytest.fixture
def console(stocked_file: Path, tmp_path: Path) -> Iterator[Console]:
    """A console over a copy of that store."""
    file = shutil.copyfile(stocked_file, tmp_path / "CASES.db")
    with Cases(file) as cases:
        yield Console(cases, runs=(stocked_file.parent,))


def long_ago() -> float:
    """A time at which a sign-in is not fresh any more, POSIX seconds."""
    return time.time() - 3_600
