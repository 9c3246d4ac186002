"""A console with a guard's state beside it, and cases that can be acted on."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from console_parts import Console
from remedy_stores import Beside, acting, beside, by

from stillwatch.cases.remediation import Remediation
from stillwatch.cases.remediation.plan_words import Stage
from stillwatch.console.access import users
from stillwatch.console.desk import Desk
from stillwatch.console.role import Role
from stillwatch.console.runs import Runs
from stillwatch.console.seen import Doors
from stillwatch.settings import Settings

SMALL, LARGE, ROBBED = 1, 2, 3
APPEALS = "http://console.test/appeal/"


@dataclass
class Remedied(Console):
    """A console over a store with a state."""

    beside: Beside | None = None

    def __post_init__(self) -> None:
        assert self.beside is not None
        settings = Settings(console=self.settings, cases=self.cases.settings)
        key = self.beside.state.parent / "appeals.key"
        doors = Doors(self.cases, Runs(self.runs), self.beside.state, settings, self.site.origin, key)
        self.desk = Desk(doors, self.site)

    @property
    def door(self) -> Remediation:
        """The console's door to remediation."""
        return self.desk.doors.remedy.door

    def sent(self, number: int = SMALL, through: Stage = Stage.BLOCK) -> str:
        """Carry a plan out and send its last letter; returns the token of its first notice."""
        acting(self.work, number)
        self.door.plan(number, **by())
        self.door.carry_out(number, through, **by())
        letter = self.door.letters(number)[-1].id
        self.door.approve_letter(letter, **by("Bela"))
        self.door.send_letter(letter, **by("Bela"))
        return self.door.link(self.door.notices(letter)[0].id).rpartition("/")[2]

    @property
    def work(self) -> Beside:
        """The store and its state."""
        assert self.beside is not None
        return self.beside

    def until_answered(self, what: Any, seconds: float = 20.0) -> None:
        """Wait until something holds."""
        ends = time.monotonic() + seconds
        while not what():
            assert time.monotonic() < ends
            time.sleep(0.02)


def remedied(folder: Path, **settings: Any) -> Remedied:
    """Return a console with a user of each role."""
    made = beside(str(folder / "CASES.db"), folder, **{"appeal_url": APPEALS, **settings})
    with made.cases.database.writing() as session:
        for role in Role:
            users.add(session, role.word, role, "test")
    return Remedied(made.cases, beside=made, runs=(folder / "run",))


@pytest.fixture
def remedy(tmp_path: Path) -> Iterator[Remedied]:
    """A console with a state."""
    made = remedied(tmp_path)
    yield made
    made.desk.doors.remedy.close()
    made.work.close()
