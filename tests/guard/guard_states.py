"""States for the guard's tests, and small handles on them."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from guard_runs import START, World, made_run

from stillwatch.guard.journal import Journal
from stillwatch.guard.publish import Publication, publish
from stillwatch.guard.published import PublishedState
from stillwatch.guard.state_folder import StateFolder
from stillwatch.guard.state_keys import LookupKey, lookup_key, signer, verifier

OPENED: list[PublishedState] = []


class Clocks:
    """A wall clock that a test sets, and one that only goes on."""

    def __init__(self, now: float = START) -> None:
        self.now = now
        self.ticks = 1_000.0

    def wall(self) -> float:
        return self.now

    def steady(self) -> float:
        return self.ticks

    def pass_by(self, seconds: float) -> None:
        """Both go on."""
        self.now += seconds
        self.ticks += seconds


def published(place: Path, world: World, name: str = "run", now: float = START) -> Publication:
    """Publish a run of a world into `place/state`."""
    run = made_run(place / name, world, name=name)
    return publish(run, place / "state", now=now)


def reader(place: Path, clocks: Clocks | None = None) -> PublishedState:
    """A reader that looks when it is told to."""
    clocks = clocks or Clocks()
    made = PublishedState(place / "state", watch=False, clock=clocks.wall, ticks=clocks.steady)
    OPENED.append(made)
    return made


@pytest.fixture(autouse=True)
def closed_readers() -> Iterator[None]:
    """Readers that a test opened end with it."""
    yield
    while OPENED:
        OPENED.pop().close()


def journal(place: Path) -> Journal:
    """The state's journal, to append to."""
    folder = StateFolder(place / "state")
    return Journal(folder.journal, verifier(folder.keys), signer(folder.keys))


def lookup(place: Path) -> LookupKey:
    return lookup_key(StateFolder(place / "state").keys)


def account(place: Path, name: str) -> str:
    """An account as an entry names it."""
    return f"account:{lookup(place).account(name):016x}"


def rewritten(path: Path, statement: str) -> None:
    """Change a journal behind its back, as somebody with the file could."""
    with sqlite3.connect(path) as db:
        db.executescript(f"DROP TRIGGER no_update; DROP TRIGGER no_delete; {statement}")
    db.close()


def until(true: Callable[[], bool], seconds: float = 5.0) -> float:
    """Wait until something holds; returns the seconds that it took."""
    began = time.monotonic()
    while not true():
        assert time.monotonic() - began < seconds, "it did not happen in time"
        time.sleep(0.01)
    return time.monotonic() - began
