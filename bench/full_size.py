"""Can a campaign of published size be made and found on this machine, and how long does each part take?

python bench/full_size.py [--quick] [--scenario june] [--scale 1] [--seed 1] [--memory 9GB] [--work FOLDER]
[--lean] [--json FILE]

Makes the world, searches its logs with every side file as `stillwatch detect` does, and scores the run. june
at scale 1 has 28.8 million exchanges of 25,000 accounts within 159 million. It takes about 20 GB of disk for
the logs, as much again for the run, and room to spill; --lean empties the logs as soon as they are read. A
world that is already in WORK is not made again. Steps are those of the progress bar. Processor time counts
workers that have ended by then, and memory is the most that one process had at any time up to the end of the
step. The exit code is 0 if every campaign was found.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sys
import tempfile
import time
from contextlib import nullcontext
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from stillwatch.pipeline import detect
from stillwatch.pipeline.write_exchanges import REPEATS
from stillwatch.settings import Settings
from stillwatch.simulate.make import Order, make
from stillwatch.simulate.score import score
from study.given_worlds import inputs_of
from study.promises import state


@dataclass(frozen=True)
class Step:
    """One step, and what it took."""

    name: str
    """Its name."""
    seconds: float
    """By the clock."""
    processor: float
    """Seconds of processor time."""
    gigabytes: float
    """The most memory that one process had up to its end."""


class Clock:
    """Records when each step begins; a step lasts until the next.

    `emptied`: the world whose logs are emptied once they are read; None: they stay.
    """

    def __init__(self, emptied: Path | None) -> None:
        self.steps: list[Step] = []
        self._emptied = emptied
        self._name = ""
        self._at = (0.0, 0.0)

    def __call__(self, name: str, done: int = 0, whole: int = 0) -> None:
        """Begin a step, or continue it."""
        if name != self._name:
            self.end()
            self._name, self._at = name, _times()
            print(f"{time.strftime('%H:%M:%S')}  {name}", file=sys.stderr, flush=True)
            if self._emptied is not None and name == REPEATS:
                for path in (*(self._emptied / "logs").rglob("*.parquet"), self._emptied / "edge.parquet"):
                    os.truncate(path, 0)

    def end(self) -> None:
        """End the last step."""
        if self._name:
            seconds, processor = (now - then for now, then in zip(_times(), self._at, strict=True))
            peaks = [
                resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
            ]
            self.steps.append(
                Step(self._name, round(seconds, 1), round(processor, 1), round(max(peaks) / 2**20, 2))
            )
        self._name = ""


def _times() -> tuple[float, float]:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return time.perf_counter(), sum(one.ru_utime + one.ru_stime for one in used)


def arguments() -> argparse.Namespace:
    """Read the arguments."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="a 250th of the size")
    parser.add_argument("--scenario", default="june")
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--memory", default="9GB", help="what the query engine may use before it spills to disk"
    )
    parser.add_argument(
        "--work",
        type=Path,
        help="folder for the world and the run, which stay there; needs 100 GB for june at scale 1",
    )
    parser.add_argument(
        "--lean",
        action="store_true",
        help="empty the world's logs once they are read, where there is no room for them and the rest",
    )
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    if given.quick:
        given.scale = 0.004
    return given


def measured(given: argparse.Namespace, work: Path) -> dict[str, Any]:
    """Make, detect, score."""
    world, run = work / "world", work / "run"
    clock = Clock(world if given.lean else None)
    if not world.exists():
        clock("making the world")
        make(Order(given.scenario, world, given.scale, given.seed))
    settings = Settings()
    detect(
        inputs_of(world),
        run,
        replace(settings, engine=replace(settings.engine, memory=given.memory)),
        clock,
        force=True,
    )
    clock("scoring")
    scores = score(run, world)
    clock.end()
    about = json.loads((run / "run.json").read_text(encoding="utf-8"))
    size = {name: about[name] for name in ("exchanges", "accounts", "tested_groups")}
    order = {name: getattr(given, name) for name in ("scenario", "scale", "seed", "memory")}
    return (
        order | {"state": state()} | size | {"score": scores, "steps": [asdict(step) for step in clock.steps]}
    )


def shown(document: dict[str, Any], console: Console) -> None:
    """Show the steps, and what was found."""
    table = Table(
        "step",
        "seconds",
        "processor",
        "GB at most",
        title=f"{document['scenario']} x{document['scale']:g}: {document['exchanges']:,} exchanges",
    )
    for step in document["steps"]:
        table.add_row(
            step["name"],
            *(f"{step[name]:,.1f}" for name in ("seconds", "processor")),
            f"{step['gigabytes']:.2f}",
        )
    console.print(table)
    for row in document["score"]["campaigns"]:
        rates = f"recall {row['account_recall']:.4f}, precision {row['account_precision']:.4f}"
        console.print(
            f"{row['name']}: {'found' if row['found'] else 'NOT FOUND'}, {row['verdict']}, {rates} of "
            f"{row['accounts']:,} accounts"
        )
    console.print(
        f"false campaigns: {document['score']['false_campaigns'] or 'none'}; {document['tested_groups']:,} "
        "groups tested"
    )


def main() -> None:
    """Run, print, write."""
    given = arguments()
    with nullcontext(given.work) if given.work else tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        work.mkdir(parents=True, exist_ok=True)
        document = measured(given, work)
    shown(document, Console())
    if given.json:
        given.json.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    sys.exit(0 if all(row["found"] for row in document["score"]["campaigns"]) else 1)


if __name__ == "__main__":
    main()
