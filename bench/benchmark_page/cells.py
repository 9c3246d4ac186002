"""One cell of the benchmark: a world made, searched and scored, with every baseline over the same tables.

Finished cells are kept in a file.
"""

from __future__ import annotations

import json
import os
import platform
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from baselines.compare import Line, compare
from baselines.scored import answerable
from stillwatch import __version__
from stillwatch.pipeline import detect
from stillwatch.pipeline.watch import watch
from stillwatch.settings import Settings, from_document
from stillwatch.simulate.make import Order, make
from stillwatch.simulate.score import score
from stillwatch.simulate.score_alarms import score_alarms
from study.given_worlds import inputs_of, noticed, place_of, quiet
from study.kept_rows import going_on, of_largest
from study.promises import state

Say = Callable[[str], None]
CELLS = "cells.jsonl"
"""The file of finished worlds."""
STUDIES = ("how_soon", "evasion", "guarantees", "full_size")
"""Studies of their own that the page shows."""


@dataclass(frozen=True)
class Cell:
    """What is made and searched."""

    scenario: str
    """A shipped scenario."""
    scale: float
    """Factor of its sizes."""
    seed: int
    """The random seed."""
    beside: tuple[str, ...] = ()
    """Backdrops besides the scenario's own."""

    @property
    def name(self) -> str:
        """A line that identifies it."""
        return f"{self.place} x{self.scale:g} seed {self.seed}"

    @property
    def place(self) -> str:
        """The scenario, and its backdrops besides its own."""
        return place_of(self.scenario, self.beside)


def played(
    cell: Cell,
    rate: float,
    chosen: Mapping[str, Any],
    rivals: Callable[[Path, Path], dict[str, Any]] | None = None,
) -> dict[str, Any]:
    """Make, search, score and watch a world until each campaign has its alarm; then remove world and run.

    Returns seconds by the clock. chosen: settings of the watch. rivals: what else is computed from the run
    and the world, timed as `baselines`.
    """
    with tempfile.TemporaryDirectory(prefix="stillwatch-range-") as folder:
        world, out = Path(folder) / "world", Path(folder) / "run"
        seconds: dict[str, float] = {}
        with lap(seconds, "make"):
            truth = make(Order(cell.scenario, world, scale=cell.scale, seed=cell.seed, beside=cell.beside))
        with lap(seconds, "detect"):
            detect(inputs_of(world), out, settings_at(rate), quiet)
        more: dict[str, Any] = {}
        if rivals is not None:
            with lap(seconds, "baselines"):
                more = rivals(out, world)
        with lap(seconds, "watch"):
            watch(out, chosen, quiet, noticed(world))
        return {
            "cell": {"scenario": cell.place, "scale": cell.scale, "seed": cell.seed},
            "machine": machine(),
            "exchanges": sum(row["exchanges"] for row in truth["groups"]),
            "seconds": seconds,
            "score": score(out, world),
            "alarms": score_alarms(out, world),
        } | more


@contextmanager
def lap(seconds: dict[str, float], step: str) -> Iterator[None]:
    """Add how long a step took."""
    start = time.perf_counter()
    yield
    seconds[step] = round(time.perf_counter() - start, 1)


def run(cell: Cell, rate: float, every: int, *, quick: bool) -> dict[str, Any]:
    """Make a world, search it by every baseline over the same tables, and watch it every so many days.

    `quick` leaves out the slow baselines.
    """

    def rivals(out: Path, world: Path) -> dict[str, Any]:
        lines, known = compare(out, world, quick)
        accounts = len(known.kinds)
        return {
            "accounts": accounts,
            "innocents": accounts - len(answerable(known)),
            "detectors": [kept_of(line) for line in lines],
        }

    return played(cell, rate, {"every": every}, rivals) | {"rate": rate, "every": every, "quick": quick}


def machine() -> dict[str, Any]:
    """Return where the figures were measured, and with which state of the code."""
    return {
        "version": __version__,
        "state": state(),
        "python": platform.python_version(),
        "processors": os.cpu_count(),
        "system": platform.system(),
    }


def kept_of(line: Line) -> dict[str, Any]:
    """What is kept of a detector: its scores at its defaults and at the threshold chosen with the truth."""
    return {
        "name": line.detector,
        "source": line.source,
        "seconds": round(line.seconds, 2),
        "own": asdict(line.score),
        "flattered": None if line.flattered is None else asdict(line.flattered),
    }


def settings_at(rate: float) -> Settings:
    """Return the defaults at a false discovery rate."""
    return from_document({"campaigns": {"false_discovery_rate": rate}}, where="the benchmark")


def cells(
    wanted: Sequence[Cell], rate: float, every: int, kept: Path | None, say: Say, *, quick: bool
) -> Iterator[dict[str, Any]]:
    """Return the result of each cell, from the file of finished ones if it is there."""
    made = {
        f"{cell.name} at {rate:g}, watched every {every} days": partial(run, cell, rate, every, quick=quick)
        for cell in wanted
    }
    return going_on(made, kept, say)


def largest(cells: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the cells of each scenario's largest scale, by scenario and seed.

    Of cells that were run twice, the later counts.
    """
    great = of_largest(
        cells, lambda cell: cell["cell"]["scenario"], lambda cell: float(cell["cell"]["scale"])
    )
    kept = {(cell["cell"]["scenario"], cell["cell"]["seed"]): cell for cell in great}
    return [kept[name] for name in sorted(kept)]


def document_of(cells: list[dict[str, Any]], work: Path) -> dict[str, Any]:
    """Return all figures of the page: those of the worlds, and of the other studies that WORK holds."""
    return {"cells": cells} | {name: study(work, name) for name in STUDIES}


def study(work: Path, name: str) -> dict[str, Any] | None:
    """Return the figures of another study, if they exist."""
    path = work / f"{name}.json"
    found: dict[str, Any] | None = json.loads(path.read_text(encoding="utf-8")) if path.exists() else None
    return found
