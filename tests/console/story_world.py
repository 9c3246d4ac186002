"""Where the whole story takes place: a run, a guard's state, a console that is served, a receiver of letters."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from case_runs import Group, Sealed
from marked_runs import marked_run
from outbox_receivers import Receiver, channels_toml
from served import Served, free_port, served

from stillwatch.cases import Cases
from stillwatch.console.access import sessions, tokens, users
from stillwatch.console.access.sessions import Where
from stillwatch.console.role import Role
from stillwatch.console_settings import ConsoleSettings
from stillwatch.guard.decide import Failure
from stillwatch.guard.journal import Journal
from stillwatch.guard.journal_entry import Entry
from stillwatch.guard.open_state import open_guard
from stillwatch.guard.publish import publish
from stillwatch.guard.request import Request
from stillwatch.guard.state_folder import StateFolder
from stillwatch.guard.state_keys import verifier
from stillwatch.response.inputs import RequestFacts

HARVEST = Group("camp-harvest", 4)
ROBBED = Group("camp-robbed", 3, role="victim")
ANNA, BELA, CHI = "Anna", "Bela", "Chi"
"""Who looks into it, who agrees and acts, who answers appeals."""
ROLES = {ANNA: Role.ANALYST, BELA: Role.APPROVER, CHI: Role.APPROVER}
SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()


@dataclass
class StoryWorld:
    """Its files, and where the console is served."""

    folder: Path
    port: int

    @property
    def origin(self) -> str:
        """Where browsers find the console."""
        return f"http://localhost:{self.port}"

    @property
    def db(self) -> Path:
        """The file of cases."""
        return self.folder / "CASES.db"

    @property
    def state(self) -> Path:
        """The guard's state."""
        return self.folder / "state"

    def options(self) -> list[str]:
        """What `stillwatch serve` is given."""
        names = {
            "--runs": "runs",
            "--state": "state",
            "--settings": "settings.toml",
            "--channels": "channels.toml",
            "--appeal-key": "appeals.key",
        }
        return [word for name, file in names.items() for word in (name, str(self.folder / file))]

    @contextmanager
    def console(self) -> Iterator[Served]:
        """The console, served."""
        with served(self.db, *self.options(), port=self.port) as one:
            yield one

    @contextmanager
    def cases(self) -> Iterator[Cases]:
        """The store."""
        with Cases(self.db) as cases:
            yield cases

    def session(self, name: str) -> str:
        """The secret of a session of somebody who has signed in."""
        with self.cases() as cases, cases.database.writing() as session:
            user = users.must_be(session, name)
            return sessions.start(session, user.id, "password", Where("127.0.0.1", "test"))

    def token(self, name: str) -> str:
        """A token of somebody."""
        with self.cases() as cases, cases.database.writing() as session:
            user = users.must_be(session, name)
            _, secret = tokens.make(
                session,
                user,
                "test",
                user.role,
                read_only=False,
                days=1,
                settings=ConsoleSettings(),
                by="test",
            )
        return secret

    def answer(self, account: str) -> str:
        """What the guard decides about a request of an account."""
        opened = open_guard(self.state, Failure.OPEN)
        try:
            decision = opened.guard.decide(Request(account, RequestFacts(model="heron-4"), surface="http"))
        finally:
            opened.close()
        return str(decision.answer)

    def entries(self) -> list[Entry]:
        """The guard's journal, whose chain holds."""
        place = StateFolder(self.state)
        with Journal(place.journal, verifier(place.keys)) as journal:
            assert journal.verify().fault == ""
            return journal.entries()


def story_world(folder: Path, to: Receiver, *groups: Group) -> StoryWorld:
    """Make it: campaigns that no case is about yet, and three people."""
    world = StoryWorld(folder, free_port())
    run = marked_run(folder / "runs" / "one", Sealed("run-1", groups, alarms=[groups[0].identity]))
    publish(run, world.state)
    (folder / "settings.toml").write_text(
        f'[cases]\nsecond_person = 3\nprovider = "Wren"\nappeal_url = "{world.origin}/appeal/"\n',
        encoding="utf-8",
    )
    (folder / "secret").write_text(SECRET, encoding="ascii")
    channels_toml(
        folder / "channels.toml",
        f'name = "own"\nform = "webhook"\nurl = "{to.url}/in"\nsecret_file = "secret"\n',
        delivery="[delivery]\nevery_s = 0.05\nfirst_wait_s = 0.01\nlongest_wait_s = 0.02\ntimeout_s = 2\nclaim_s = 3\n",
    )
    with Cases(world.db, create=True) as cases, cases.database.writing() as session:
        for name, role in ROLES.items():
            users.add(session, name, role, "test")
    return world


def came(to: Receiver, topic: str) -> list[dict[str, Any]]:
    """What the receiver was told of a topic."""
    told = [json.loads(one.body) for one in list(to.got)]
    return [one["data"] for one in told if one["type"] == topic]


def until(what: Callable[[], Any], seconds: float = 30.0) -> Any:
    """Wait until something is so; returns it."""
    ends = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < ends, "it did not come"
        time.sleep(0.02)
    return found
