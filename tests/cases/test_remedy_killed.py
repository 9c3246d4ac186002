"""A server killed at any point of the story leaves nothing half-done and sends nothing twice."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
from collections import Counter
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


def lived(folder: Path, dies_at: int) -> subprocess.CompletedProcess[str]:
    paths = os.pathsep.join([str(Path(__file__).parent), *sys.path])
    return subprocess.run(
        [sys.executable, remedy_story.__file__, str(folder), str(dies_at)],
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
    done = {f"plan.step:{step.id}:done" for step in steps if step.done is not None}
    assert done == {key for key in told if key.endswith(":done")}
    assert {f"notice:{one.id}" for one in notices} == {key for key in told if key.startswith("notice:")}
    assert {f"appeal.opened:{one.id}" for one in appeals} == {key for key in told if "opened" in key}
    assert set(told.values()) <= {1}


@pytest.mark.parametrize("points", [8, pytest.param(50, marks=pytest.mark.slow)])
def test_killed_at_random_points_and_gone_on_with(begun: Path, tmp_path: Path, points: int) -> None:
    whole = tmp_path / "whole"
    shutil.copytree(begun, whole)
    ran = lived(whole, 0)
    assert ran.returncode == 0, ran.stderr
    calls = int(ran.stdout)
    agrees(whole)
    dice = random.Random(SEED)
    for point in range(points):
        folder = tmp_path / str(point)
        shutil.copytree(begun, folder)
        died = lived(folder, dice.randint(1, calls))
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
