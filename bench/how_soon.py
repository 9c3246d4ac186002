"""How soon is a campaign noticed with several searches a day?

python bench/how_soon.py [--quick] [--scenario NAME ...] [--scale 0.05] [--seeds 1] [--searches-a-day 4]
[--json FILE] [--lines FILE.jsonl] [--again]

For each scenario and seed a world is made, read with every side file, and watched with so many searches a day
until each of its campaigns has an alarm; baselines are left out. `bench/range.py` watches with one search a
day, so it sees the first day of a campaign only at its end. Each finished world is a line of --lines (beside
--json if left out), and is not made again; use a new file after changing the detector. With --again nothing
is run, and everything in the file is summed up; of worlds made twice, the later counts. Nothing is promised
here, so the exit code is 0.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmark_page.cells import Cell, played
from stillwatch.simulate.scenario import shipped_names
from study.kept_rows import finished, going_on
from study.promises import EARLY

RATE = 0.05
"""False discovery rate of the runs; alarms do not depend on it."""


def arguments() -> argparse.Namespace:
    """Read which worlds, and where their figures go."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--quick",
        action="store_true",
        help="the scenarios named, else refinery, at 1/250, one seed, searched twice a day",
    )
    parser.add_argument(
        "--scenario",
        nargs="+",
        choices=shipped_names(),
        metavar="SCENARIO",
        help="shipped scenarios; all of them if left out",
    )
    parser.add_argument("--scale", type=float, default=0.05)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--searches-a-day", type=int, default=4)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--lines", type=Path, help="a line for each finished world")
    parser.add_argument(
        "--again", action="store_true", help="take the finished worlds of --lines as they are, and make none"
    )
    given = parser.parse_args()
    if given.quick:
        given.scale, given.seeds, given.searches_a_day, given.scenario = (
            0.004,
            1,
            2,
            given.scenario or ["refinery"],
        )
    given.lines = given.lines or (given.json.with_suffix(".jsonl") if given.json else None)
    if given.again and not (given.lines and given.lines.is_file()):
        parser.error("--again: there are no finished worlds; give the file that holds them as --lines")
    return given


def worlds(given: argparse.Namespace, console: Console) -> Iterator[dict[str, Any]]:
    """Return the result of each world, from the file of finished ones if it is there."""
    wanted = [
        Cell(name, given.scale, seed)
        for seed in range(1, given.seeds + 1)
        for name in given.scenario or shipped_names()
    ]
    made = {
        f"{cell.name}, searched {given.searches_a_day} times a day": partial(run, cell, given.searches_a_day)
        for cell in wanted
    }
    return going_on(made, given.lines, console.print)


def run(cell: Cell, searches_a_day: int) -> dict[str, Any]:
    """Make a world, and watch it with so many searches a day."""
    return played(cell, RATE, {"searches_a_day": searches_a_day}) | {"searches_a_day": searches_a_day}


def shown(rows: Sequence[dict[str, Any]], console: Console) -> None:
    """Show when each campaign had its alarm."""
    table = Table(
        "scenario",
        "campaign",
        "scale",
        "seed",
        "searches a day",
        "days to the alarm",
        "gone by then",
        f"before {EARLY:.0%}",
        title="How soon",
    )
    for row in rows:
        cell = row["cell"]
        for campaign in row["alarms"]["campaigns"]:
            days = "-" if campaign["delay_days"] is None else f"{campaign['delay_days']:g}"
            place = (
                cell["scenario"],
                campaign["name"],
                f"{cell['scale']:g}",
                str(cell["seed"]),
                str(row["searches_a_day"]),
            )
            table.add_row(
                *place, days, f"{campaign['gone']:.1%}", "yes" if campaign["gone"] < EARLY else "no"
            )
    console.print(table)


def main() -> None:
    """Run, print, write."""
    given = arguments()
    rows = list(
        {
            row["cell_name"]: row
            for row in (finished(given.lines) if given.again else worlds(given, Console(stderr=True)))
        }.values()
    )
    shown(rows, Console())
    if given.json:
        given.json.write_text(json.dumps({"worlds": rows}, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
