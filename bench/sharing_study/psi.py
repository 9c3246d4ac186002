"""What an overlap of two providers costs, as messages of `stillwatch intel overlap`."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from sharing_study.figure import Figure, figure
from stillwatch.cases.database import Database
from stillwatch.intel.kinds import IndicatorKind
from stillwatch.intel.private.overlap.agreement import Agreement
from stillwatch.intel.private.overlap.answering import answer
from stillwatch.intel.private.overlap.asking import ask, finish
from stillwatch.intel.private.token import Token

T = TypeVar("T")
ANSWERED, QUICK_ANSWERED = 100_000, 10_000
ASKED, QUICK_ASKED = 1_000, 100
TIMES = 3
KIND, EPOCH = IndicatorKind.ADDRESS, "2026-W49"


def measured(place: Path, *, quick: bool) -> list[Figure]:
    """Measure an overlap, in seconds of one core and of the wall."""
    answered, asked = (QUICK_ANSWERED, QUICK_ASKED) if quick else (ANSWERED, ASKED)
    held = _tokens(answered)
    agreement = Agreement("bench", "ann", "ben", KIND, EPOCH, runs=TIMES)
    cores: dict[str, list[float]] = {"ask": [], "answer": [], "read the answer": []}
    walls: dict[str, list[float]] = {name: [] for name in cores}
    sizes: list[tuple[int, int]] = []

    def timed(name: str, work: Callable[[], T]) -> T:
        core, wall = time.process_time(), time.perf_counter()
        found = work()
        cores[name].append(time.process_time() - core)
        walls[name].append(time.perf_counter() - wall)
        return found

    for _ in range(TIMES):
        mine = [*held[: asked // 4], *_tokens(asked - asked // 4)]
        made = timed("ask", lambda mine=mine: ask(agreement, mine))  # type: ignore[misc]
        done = timed(
            "answer",
            lambda made=made: answer(agreement, held, made.request, Database(place / "runs.db"), time.time()),  # type: ignore[misc]
        )
        found = timed("read the answer", lambda made=made, done=done: finish(made.state, done.answer))  # type: ignore[misc]
        assert found.count == asked // 4
        sizes.append((len(made.request), len(done.answer)))
    case = f"{asked:,} tokens against {answered:,}"
    return [
        *(figure(f"{name}, {case}", "seconds of a core", values) for name, values in cores.items()),
        *(figure(f"{name}, {case}", "seconds of the wall", values) for name, values in walls.items()),
        figure("request", "kB", [request / 1_000 for request, _ in sizes]),
        figure("answer", "kB", [reply / 1_000 for _, reply in sizes]),
    ]


def _tokens(count: int) -> list[Token]:
    return [Token(secrets.token_bytes(32), KIND, EPOCH) for _ in range(count)]
