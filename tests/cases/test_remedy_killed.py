"""A server killed at any point of the story leaves nothing half-done and sends nothing twice."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest
import remedy_story
import sqlalchemy as sa
from case_runs import Sealed, sealed
from remedy_stores import SETTINGS, SMALL

from stillwatch.case_settings import CaseSettings
from stillwatch.cases import Cases
from stillwatch.guard.journal import Journal
from stillwatch.guard.journal_entry import Entry
from stillwatch.guard.publish import publish
from stillwatch.guard.state_folder import StateFolder
from stillwatch.guard.state_keys import verifier

SEED = 25


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A case that may be acted on, and a state."""
    folder = tmp_path_factory.mktemp("story")
    run = sealed(folder / "run", Sealed("run-1", [SMALL]))
    publish(run, folder / "state")
    with Cases(folder / "CASES.db", create=True, settings=CaseSettings(**SETTINGS)) as cases:
        cases.sync(run)
        cases.move(1, "investigating", by="Anna", reason="one card")
        cases.move(1, "acting", by="Anna", reason="clear")
        with cases.database.writing() as session:
            session.execute(sa.text("CREATE TABLE told (key TEXT PRIMARY KEY, topic TEXT, times INTEGER)"))
    return folder


def lived(folder: Path, what: str, dies_at: int) -> subprocess.CompletedProcess[str]:
    paths = os.pathsep.join([str(Path(__file__).parent), *sys.path])
    return subprocess.run(
        [sys.executable, remedy_story.__file__, str(folder), what, str(dies_at)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": paths},
    )


def entries(folder: Path) -> list[Entry]:
    place = StateFolder(folder / "state")
    with Journal(place.journal, verifier(place.keys)) as journal:
        assert journal.verify().fault == ""
        return journal.entries()


def names(keys: Iterable[str]) -> list[str]:
    """Keys without the time at which what they name was made."""
    return sorted(key.removesuffix(":done").rpartition(".")[0] for key in keys)


def agrees(folder: Path) -> None:
    """The store holds, nothing is under way, and journal, store and outbox tell the same."""
    cases, door = remedy_story.opened(folder)
    with cases, door:
        assert cases.verify().faults == ()
        assert cases.rebuild(check=True) == ()
        waiting = door.pending()
        assert (waiting.begun, waiting.stopped, waiting.unrestored) == ((), (), ())
        steps = [step for made in door.plans(1) for step in made.steps]
        appeals = door.appeals(1)
        notices = [one for letter in door.letters(1) for one in door.notices(letter.id)]
        assert all(letter.state != "sending" for letter in door.letters(1))
        with cases.database.reading() as session:
            told = {row[0]: row[1] for row in session.execute(sa.text("SELECT key, times FROM told"))}
    written = entries(folder)
    assert max(Counter(entry.data["once"] for entry in written).values(), default=1) == 1
    known = {step.seq for step in steps} | {one.seq for one in appeals} | {step.ended for step in steps}
    assert known - {None} == {entry.seq for entry in written}
    done = [f"plan.step:{step.id}" for step in steps if step.done is not None]
    assert sorted(done) == names(key for key in told if key.endswith(":done"))
    assert sorted(f"notice:{one.id}" for one in notices) == names(key for key in told if "notice:" in key)
    assert sorted(f"appeal.opened:{one.id}" for one in appeals) == names(k for k in told if "opened" in k)
    assert set(told.values()) <= {1}


def killed(begun: Path, tmp_path: Path, whole: Path, what: str, point: int) -> None:
    """Kill a life at a point; what was begun is ended, and the rest of the story can be lived."""
    folder = tmp_path / f"{what}-{point}"
    shutil.copytree(begun, folder)
    died = lived(folder, what, point)
    assert died.returncode == -9, died.stderr
    cases, door = remedy_story.opened(folder)
    with cases, door:
        door.resume()
    agrees(folder)
    cases, door = remedy_story.opened(folder)
    with cases, door:
        remedy_story.story(cases, door)
    agrees(folder)
    assert [(one.kind, one.subject) for one in entries(folder)] == [
        (one.kind, one.subject) for one in entries(whole)
    ]
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def whole(begun: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The story lived to its end."""
    folder = tmp_path_factory.mktemp("lived") / "whole"
    shutil.copytree(begun, folder)
    assert lived(folder, "any", 0).returncode == 0
    agrees(folder)
    return folder


def test_killed_at_random_points_and_gone_on_with(begun: Path, tmp_path: Path, whole: Path) -> None:
    shutil.copytree(begun, tmp_path / "counted")
    calls = int(lived(tmp_path / "counted", "any", 0).stdout)
    dice = random.Random(SEED)
    for _ in range(int(os.environ.get("STILLWATCH_KILLS", "4"))):
        killed(
            begun, tmp_path, whole, "any", dice.randint(1, calls - calls // 50)
        )  # the count varies a little


@pytest.mark.parametrize("point", range(1, 8))
def test_killed_between_the_journal_and_the_store(
    begun: Path, tmp_path: Path, whole: Path, point: int
) -> None:
    assert len(entries(whole)) == 7
    killed(begun, tmp_path, whole, "append", point)


@pytest.mark.parametrize("point", [1, 4, 9])
def test_killed_between_a_message_and_its_event(begun: Path, tmp_path: Path, whole: Path, point: int) -> None:
    killed(begun, tmp_path, whole, "tell", point)
