"""A world in which every page of the console has something to show: a run, a guard, cases, plans, appeals."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from case_runs import Group, Sealed
from console_parts import Console
from marked_runs import marked_run
from outbox_receivers import channels_toml
from remedy_stores import SETTINGS
from shared_world import DOMAIN_REPORT, share

from stillwatch import response
from stillwatch.case_settings import CaseSettings
from stillwatch.cases import Cases
from stillwatch.cases.outbox.channels_file import read_channels
from stillwatch.cases.remediation import Remediation
from stillwatch.cases.remediation.plan_words import Stage
from stillwatch.console.access import tokens, users
from stillwatch.console.declared import declared
from stillwatch.console.desk import Desk
from stillwatch.console.role import Role
from stillwatch.console.runs import Runs
from stillwatch.console.seen import Doors
from stillwatch.console_settings import ConsoleSettings
from stillwatch.guard.decide import Failure
from stillwatch.guard.open_state import open_guard
from stillwatch.guard.people import People, Said
from stillwatch.guard.publish import publish
from stillwatch.guard.request import Request
from stillwatch.playbooks.playbooks import Playbooks
from stillwatch.response.inputs import RequestFacts
from stillwatch.response.ladder import Stage as RuleStage
from stillwatch.response.language.policy_file import read_policy
from stillwatch.response.policy_store import PolicyStore
from stillwatch.settings import Settings

SMALL, LARGE, ROBBED = (
    Group("camp-small", 6),
    Group("camp-large", 30),
    Group("camp-robbed", 4, role="victim"),
)
ACTED, OPEN, VICTIMS = 1, 2, 3
"""Numbers of the cases: one that was acted on and appealed, one that is open, one about robbed customers."""
DAY = 86_400.0


@dataclass
class Whole(Console):
    """A console over such a world."""

    folder: Path = Path()
    appeal: str = ""
    """The page of an appeal link, where one was asked for."""

    def __post_init__(self) -> None:
        self.runs = (self.folder / "runs",)
        settings = Settings(console=self.settings, cases=self.cases.settings)
        doors = Doors(
            self.cases,
            Runs(self.runs),
            self.folder / "state",
            settings,
            self.site.origin,
            self.folder / "appeals.key",
        )
        self.desk = Desk(doors, self.site)


def build(folder: Path, text: str = "") -> None:
    """Make the world's files. text: wherever a run holds words of strangers."""
    run = marked_run(
        folder / "runs" / "one", Sealed("run-1", (SMALL, LARGE, ROBBED), alarms=("camp-large",)), text=text
    )
    marked_run(folder / "runs" / "two", Sealed("run-2", (SMALL, LARGE), day=7_000))
    state = folder / "state"
    publish(run, state)
    _people_and_rules(state)
    with opened(folder, create=True) as cases:
        cases.sync(run)
        with cases.database.writing() as session:
            for role in Role:
                users.add(session, role.word, role, "test")
            users.add(session, "Bela", Role.APPROVER, "test")
            admin = users.must_be(session, Role.ADMIN.word)
            tokens.make(
                session,
                admin,
                "prometheus",
                Role.VIEWER,
                read_only=True,
                days=1,
                settings=ConsoleSettings(),
                by="test",
            )
        _work(cases)
        _remedy(cases, folder)
        share(cases, run, text)
        playbooks = Playbooks(cases, run=run, state=state)
        playbooks.begin(playbooks.named("mitigate"), ACTED, by="Anna", reason="as we do")
        with cases.database.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")


def opened(folder: Path, *, create: bool = False) -> Cases:
    """The world's cases."""
    settings = CaseSettings(**SETTINGS)
    return Cases(folder / "CASES.db", create=create, settings=settings, signing=folder / "signing.key")


def _people_and_rules(state: Path) -> None:
    store = PolicyStore(state)
    store.add(
        read_policy(Path(response.__file__).with_name("default.policy")), "Ann", "the policy that ships"
    )
    store.promote("watch", RuleStage.SHADOW, by="Ann", why="look first")
    ends = time.time() + 9 * DAY
    first, second = LARGE.accounts()[:2]
    with People(state) as people:
        people.exempt(first, "researcher", Said("Ann", "verified by mail", ends))
        people.issue("pilot", Said("Ann", "contract 12", ends), accounts=[second])
        people.hold(LARGE.accounts()[2], Said("Ann", "a journalist", ends))
    opened = open_guard(state, Failure.OPEN)
    for account in (first, second, SMALL.accounts()[0], "a-stranger"):
        opened.guard.decide(Request(account, RequestFacts(model="heron-4"), surface="http"))
    opened.close()


def _work(cases: Cases) -> None:
    cases.note(OPEN, "Asked the bank.", by="Anna")
    cases.tag(OPEN, ["bank"], by="Anna")
    cases.link(OPEN, "related", ACTED, by="Anna")
    cases.deadline(OPEN, 1.0, by="Anna")
    cases.decide(OPEN, LARGE.accounts()[0], "confirmed", by="Anna", reason="it harvests")
    cases.move(ACTED, "investigating", by="Anna", reason="one card")
    cases.move(ACTED, "acting", by="Anna", reason="clear")


def _remedy(cases: Cases, folder: Path) -> None:
    with Remediation(cases, folder / "state", appeal_key=folder / "appeals.key") as door:
        for number in (VICTIMS, ACTED):
            door.plan(number, by="Anna", reason="so decided")
        door.carry_out(ACTED, Stage.BLOCK, by="Anna", reason="so decided")
        letter = door.letters(ACTED)[-1].id
        door.approve_letter(letter, by="Bela", reason="clear and true")
        door.send_letter(letter, by="Bela", reason="as agreed")
        for place, notice in enumerate(door.notices(letter)[:2]):
            door.open_appeal(door.link(notice.id).rpartition("/")[2], "we are a class")
            if place:
                answer = door.appeals(ACTED)[-1].id
                door.answer_appeal(answer, "overturn", by="Chi", reason="a course")
        # Nobody listens there, so these messages are dead.
        (folder / "secret").write_text("whsec_" + "a2" * 16 + "a2tr", encoding="ascii")
        file = channels_toml(
            folder / "channels.toml",
            'name = "own"\nform = "webhook"\nurl = "http://localhost:1/in"\nsecret_file = "secret"\n',
            delivery="[delivery]\nattempts = 1\ntimeout_s = 1\n",
        )
        cases.outbox.deliver(read_channels(file), fill=door.filled)


@pytest.fixture(scope="session")
def whole_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Such a world's files, to be copied."""
    folder = tmp_path_factory.mktemp("whole") / "world"
    folder.mkdir()
    build(folder)
    return folder


@contextmanager
def copied(world: Path, to: Path, *, texts: bool = False) -> Iterator[Whole]:
    """A console over a copy of a world's files. texts: it shows what customers wrote."""
    folder = Path(shutil.copytree(world, to / "world"))
    with opened(folder) as cases:
        made = Whole(cases, folder=folder, settings=ConsoleSettings(texts=texts))
        yield made
        made.desk.doors.remedy.close()


@pytest.fixture
def whole(whole_folder: Path, tmp_path: Path) -> Iterator[Whole]:
    """A console over such a copy."""
    with copied(whole_folder, tmp_path) as made:
        yield made


VALUES = {
    "number": str(ACTED),
    "name": "C001",
    "run": "run-1",
    "account": LARGE.accounts()[1],
    "rule": "watch",
    "letter": f"{ACTED}.l1",
    "step": f"{ACTED}.s1",
    "appeal": f"{ACTED}.a1",
    "message": "1",
    "report": DOMAIN_REPORT,
}
"""What stands for each parameter of a path in this world; x for others."""
MORE = (
    "/cases/2",
    "/cases/2/accounts",
    "/cases/3",
    "/cases/3/plan",
    "/search?q=camp",
    "/runs/compare?one=run-1&other=run-2",
)
"""Looks at a page that its declaration alone does not lead to."""


def named(path: str) -> str:
    """A name: of a playbook, or of a campaign."""
    return "mitigate" if path.startswith("/playbooks") else VALUES["name"]


def there(path: str) -> str:
    """A path with values that lead somewhere in this world."""
    known = {**VALUES, "number:int": str(ACTED), "run:int": "1", "name": named(path)}
    return re.sub(
        r"\{([\w:]+)\}", lambda found: known.get(found[1], known.get(found[1].partition(":")[0], "x")), path
    )


def every_path() -> list[str]:
    """Every page of the console, as it is declared, and more looks at some."""
    return [*(there(page.path) for page in declared().pages), *MORE]


def served_options(folder: Path) -> list[str]:
    """What `stillwatch serve` is given for this world."""
    settings = folder / "settings.toml"
    told: dict[str, Any] = {"appeal_url": SETTINGS["appeal_url"], "provider": SETTINGS["provider"]}
    rows = [f'{name} = "{value}"' for name, value in told.items()]
    settings.write_text("\n".join(["[cases]", *rows]), encoding="utf-8")
    names = {
        "--runs": "runs",
        "--state": "state",
        "--settings": "settings.toml",
        "--appeal-key": "appeals.key",
    }
    return [word for name, file in names.items() for word in (name, str(folder / file))]
