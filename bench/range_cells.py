"""One cell of the benchmark: a world made, searched and scored, with every baseline over the same tables; finished cells are kept in a file."""

from __future__ import annotations

import json
import os
import platform
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from baselines.compare import Line, compare
from baselines.scored import answerable
from given_worlds import inputs_of, noticed, place_of, quiet
from kept_rows import add, finished
from promises import state
from stillwatch import __version__
from stillwatch.pipeline import detect
from stillwatch.pipeline.watch import watch
from stillwatch.range.make import Order, make
from stillwatch.range.score import score
from stillwatch.range.score_alarms import score_alarms
from stillwatch.settings import Settings, from_document

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
    """What its sizes are multiplied by."""
    seed: int
    """The seed of its chance."""
    beside: tuple[str, ...] = ()
    """Backdrops beside the scenario's own."""

    @property
    def name(self) -> str:
        """One line that tells it from all others."""
        return f"{self.place} x{self.scale:g} seed {self.seed}"

    @property
    def place(self) -> str:
        """The scenario, and what it plays before beside its own backdrop."""
        return place_of(self.scenario, self.beside)


def run(cell: Cell, rate: float, every: int, *, quick: bool) -> dict[str, Any]:
    """Make, search, score, watch every so many days until each campaign has its alarm; the world and the run are gone afterwards. Seconds by the clock; `quick` leaves the slow baselines out."""
    with tempfile.TemporaryDirectory(prefix="stillwatch-range-") as folder:
        world, out = Path(folder) / "world", Path(folder) / "run"
        at = [time.perf_counter()]
        truth = make(Order(cell.scenario, world, scale=cell.scale, seed=cell.seed, beside=cell.beside))
        at.append(time.perf_counter())
        detect(inputs_of(world), out, settings_at(rate), quiet)
        at.append(time.perf_counter())
        lines, known = compare(out, world, quick)
        at.append(time.perf_counter())
        watch(out, {"every": every}, quiet, noticed(world))
        at.append(time.perf_counter())
        steps = ("make", "detect", "baselines", "watch")
        return {
            "cell": {"scenario": cell.place, "scale": cell.scale, "seed": cell.seed},
            "rate": rate,
            "every": every,
            "quick": quick,
            "machine": machine(),
            "exchanges": sum(row["exchanges"] for row in truth["groups"]),
            "accounts": len(known.kinds),
            "innocents": len(known.kinds) - len(answerable(known)),
            "seconds": {step: round(after - before, 1) for step, before, after in zip(steps, at[:-1], at[1:], strict=True)},
            "score": score(out, world),
            "alarms": score_alarms(out, world),
            "detectors": [kept_of(line) for line in lines],
        }


def machine() -> dict[str, Any]:
    """Where the figures were measured, and with which state of the code."""
    return {"version": __version__, "state": state(), "python": platform.python_version(), "processors": os.cpu_count(), "system": platform.system()}


def kept_of(line: Line) -> dict[str, Any]:
    """What is kept of a detector: its scores, at its defaults and at the threshold chosen with the truth."""
    return {
        "name": line.detector,
        "source": line.source,
        "seconds": round(line.seconds, 2),
        "own": asdict(line.score),
        "flattered": None if line.flattered is None else asdict(line.flattered),
    }


def settings_at(rate: float) -> Settings:
    """The defaults at a false discovery rate."""
    return from_document({"campaigns": {"false_discovery_rate": rate}}, where="the benchmark")


def cells(wanted: Sequence[Cell], rate: float, every: int, kept: Path | None, say: Say, *, quick: bool) -> Iterator[dict[str, Any]]:
    """The result of each cell, from the file of finished ones where it stands there."""
    done = {line["cell_name"]: line for line in finished(kept)}
    for number, cell in enumerate(wanted, 1):
        name = f"{cell.name} at {rate:g}, watched every {every} days"
        if name not in done:
            say(f"{number}/{len(wanted)} {name} …")
            result = run(cell, rate, every, quick=quick) | {"cell_name": name}
            if kept is not None:
                add(kept, result)
            done[name] = result
        yield done[name]


def largest(cells: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Of each scenario the cells of its largest scale, by scenario and seed; of cells that were run twice the later."""
    scale: dict[str, float] = {}
    for cell in cells:
        named = cell["cell"]
        scale[named["scenario"]] = max(named["scale"], scale.get(named["scenario"], 0.0))
    kept = {(cell["cell"]["scenario"], cell["cell"]["seed"]): cell for cell in cells if cell["cell"]["scale"] == scale[cell["cell"]["scenario"]]}
    return [kept[name] for name in sorted(kept)]


def document_of(cells: list[dict[str, Any]], work: Path) -> dict[str, Any]:
    """All figures of the page: those of the worlds, and of the other studies where WORK holds them."""
    return {"cells": cells} | {name: study(work, name) for name in STUDIES}


def study(work: Path, name: str) -> dict[str, Any] | None:
    """The figures of another study, where they stand."""
    path = work / f"{name}.json"
    found: dict[str, Any] | None = json.loads(path.read_text(encoding="utf-8")) if path.exists() else None
    return found
