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
import pytest
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


@pytest.mark.parametrize("seed", range(4))
def test_killed_at_any_point_nothing_is_half_done(place: str, tmp_path: Path, seed: int) -> None:
    dice = random.Random(seed)
    runs = [
        str(
            sealed(
                tmp_path / f"run-{day}",
                Sealed(
                    f"run-{day}",
                    [
                        Group(f"camp-{n}", 3 + day, ties=[Tie("merged", "camp-0")] if n and day else [])
                        for n in range(4)
                    ],
                    day=day,
                ),
            )
        )
        for day in range(4)
    ]
    acknowledged = 0
    for life in range(3):
        workers = [
            subprocess.Popen(
                [sys.executable, case_worker.__file__, place, name, str(100 * seed + 10 * life + at), *runs],
                stdout=subprocess.PIPE,
                text=True,
            )
            for at, name in enumerate(("Anna", "Bela"))
        ]
        for worker in workers:
            assert worker.stdout is not None
            assert worker.stdout.readline() == "ready\n"
        time.sleep(dice.uniform(0.01, 0.9))
        for worker in workers:
            worker.send_signal(signal.SIGKILL)
            told, _ = worker.communicate(timeout=60)
            acknowledged = max([acknowledged, *map(int, told.split())])
        with Cases(place) as cases:
            found = cases.verify()
            assert found.faults == ()
            assert found.events >= acknowledged
            for case in cases.all():
                assert isinstance(cases.evidence(case.id), Frozen)
    assert acknowledged > 0 or seed
