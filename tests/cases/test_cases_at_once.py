"""Several people at once lose nothing, and a process that is killed leaves nothing half-done."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import case_worker
from case_runs import Group, Sealed, Tie, sealed
from case_stores import stocked

from stillwatch.cases import Cases
from stillwatch.cases.evidence import Frozen


def test_processes_that_count_in_one_case_lose_no_update(place: str, tmp_path: Path) -> None:
    with stocked(place, tmp_path / "run") as cases:
        with ProcessPoolExecutor(3, mp_context=get_context("spawn")) as pool:
            for done in [pool.submit(case_worker.count_up, place, 1, 12) for _ in range(3)]:
                done.result(timeout=120)
        assert cases.show(1).assignee == "36"
        assert cases.show(1).version == 37
        assert not cases.verify().faults


def test_threads_that_share_a_door_lose_no_update(place: str, tmp_path: Path) -> None:
    with stocked(place, tmp_path / "run") as cases:
        with ThreadPoolExecutor(4) as pool:
            for done in [pool.submit(case_worker.add_up, cases, 2, 8) for _ in range(4)]:
                done.result(timeout=120)
        assert cases.show(2).assignee == "32"
        assert [event.seq for event in cases.events()] == list(range(1, 35))


def test_of_two_who_take_a_case_one_gets_it(place: str, tmp_path: Path) -> None:
    with stocked(place, tmp_path / "run") as cases:
        start = threading.Barrier(6)

        def take(name: str) -> str:
            start.wait()
            try:
                return cases.assign(1, name, by=name).assignee
            except Exception as error:
                return type(error).__name__

        with ThreadPoolExecutor(6) as pool:
            got = list(pool.map(take, [f"person {n}" for n in range(6)]))
        assert sorted(got)[:5] == ["CaseConflict"] * 5
        assert cases.show(1).assignee == sorted(got)[5]


LIVES = 4


def runs_in(folder: Path) -> list[str]:
    """Four runs, in which campaigns grow and one takes in the others."""
    found = []
    for day in range(4):
        groups = [
            Group(f"camp-{n}", 3 + day, ties=[Tie("merged", "camp-0")] if n and day else []) for n in range(4)
        ]
        found.append(str(sealed(folder / f"run-{day}", Sealed(f"run-{day}", groups, day=day))))
    return found


def killed_while_at_work(place: str, runs: list[str], seed: int, dice: random.Random) -> int:
    """Let two people work, and kill both a moment after one of them did something; returns the last event
    that either was told of.
    """
    workers = [
        subprocess.Popen(
            [sys.executable, case_worker.__file__, place, name, str(seed + at), *runs],
            stdout=subprocess.PIPE,
            text=True,
        )
        for at, name in enumerate(("Anna", "Bela"))
    ]
    first = workers[0].stdout
    assert first is not None
    told = [first.readline() for _ in range(dice.randint(2, 12))]
    time.sleep(dice.uniform(0.0, 0.05))
    for worker in workers:
        worker.send_signal(signal.SIGKILL)
    told += [line for worker in workers for line in worker.communicate(timeout=60)[0].splitlines()]
    return max(int(line) for line in told if line.strip().isdecimal())


def test_killed_at_any_point_nothing_is_half_done(place: str, tmp_path: Path) -> None:
    dice = random.Random(7)
    runs = runs_in(tmp_path)
    with Cases(place, create=True) as cases:
        cases.sync(Path(runs[0]))
    for life in range(LIVES):
        acknowledged = killed_while_at_work(place, runs, 10 * life, dice)
        with Cases(place) as cases:
            found = cases.verify()
            assert found.faults == ()
            assert found.events >= acknowledged > 4
            assert all(isinstance(cases.evidence(case.id), Frozen) for case in cases.all())
