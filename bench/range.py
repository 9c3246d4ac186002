"""The benchmark: every campaign by every detector, hard negatives, evasions and guarantees, on one page.

python bench/range.py [--quick] [--scale 0.05] [--seeds 2] [--scenario NAME ...] [--backdrop NAME ...] [--rate
0.05] [--every 1] [--work FOLDER] [--again] [--json FILE] [--page FILE]

For each scenario of `stillwatch/simulate/scenarios` and each seed, a world is made, searched with every side
file, scored, searched by every baseline over the same tables, and watched day by day until each of its
campaigns has an alarm. With --backdrop lookalikes the campaigns are among those who look most like one.
Finished worlds are lines of WORK/cells.jsonl: an interrupted benchmark continues where it stopped. Use a new
folder after changing a detector.

`bench/how_soon.py`, `bench/evasion.py`, `bench/guarantees.py` and `bench/full_size.py` are studies of their
own. If WORK holds their figures (how_soon.json, evasion.json, guarantees.json, full_size.json), the page
shows them too. --page names the page; its pictures go to figures/ beside it. With --again nothing is run, and
the page is written from what WORK holds, with the largest worlds of each scenario. docs/benchmark.md is the
result of `--again --work bench/measured`, where its figures are kept.

Targets, at a false discovery rate of 5 %: every published campaign is found at scale 1/20 with account recall
of at least 0.95 and precision of at least 0.99; an alarm comes before 5 % of its exchanges are gone; no hard
negative is called adversarial; better than every baseline on every campaign. The exit code is 0 if all are
met, else 1. A quick run judges nothing, and its exit code is 0.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmark_page.cells import CELLS, Cell, cells, document_of, largest
from benchmark_page.page import write_page
from benchmark_page.targets import Target, targets
from stillwatch.simulate.scenario import shipped_names
from study.given_worlds import beside
from study.kept_rows import finished


def arguments() -> argparse.Namespace:
    """Read the arguments."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--quick",
        action="store_true",
        help="the scenarios named, else february, at 1/250, one seed, without the slow baselines",
    )
    parser.add_argument("--scale", type=float, default=0.05)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--scenario", nargs="+", help="shipped scenarios; all of them if left out")
    parser.add_argument(
        "--backdrop",
        nargs="+",
        default=[],
        metavar="NAME",
        help="backdrops beside the scenarios' own, as lookalikes",
    )
    parser.add_argument("--rate", type=float, default=0.05, help="false discovery rate")
    parser.add_argument(
        "--every",
        type=int,
        default=1,
        help="days between the searches of the watch; one takes up to as long as detect's",
    )
    parser.add_argument(
        "--work", type=Path, help="folder of finished worlds and of the other studies' figures"
    )
    parser.add_argument(
        "--again", action="store_true", help="take the finished worlds of --work as they are, and make none"
    )
    parser.add_argument("--json", type=Path)
    parser.add_argument("--page", type=Path, help="Markdown file to write, as docs/benchmark.md")
    given = parser.parse_args()
    if given.again and not (given.work and (given.work / CELLS).is_file()):
        parser.error(f"--again: there are no finished worlds; give the folder that holds {CELLS} as --work")
    if given.quick:
        given.scale, given.seeds, given.every, given.scenario = 0.004, 1, 14, given.scenario or ["february"]
    return given


def wanted(given: argparse.Namespace) -> list[Cell]:
    """The worlds, one seed after the other, so that an interrupted benchmark has seen every scenario."""
    names = given.scenario or shipped_names()
    return [
        Cell(name, given.scale, seed, beside(name, tuple(given.backdrop)))
        for seed in range(1, given.seeds + 1)
        for name in names
    ]


def shown(kept: Sequence[Target], console: Console) -> None:
    """Show the targets."""
    table = Table("target", "measured", "kept", title="Targets")
    for target in kept:
        table.add_row(target.what, target.measured, "yes" if target.kept else "NO")
    console.print(table)


def main() -> None:
    """Run, print, write."""
    given = arguments()
    with tempfile.TemporaryDirectory() as aside:
        work = given.work or Path(aside)
        work.mkdir(parents=True, exist_ok=True)
        say = Console(stderr=True).print
        ran = cells(wanted(given), given.rate, given.every, work / CELLS, say, quick=given.quick)
        done = largest(finished(work / CELLS)) if given.again else list(ran)
        document = document_of(done, work)
    kept = targets(document)
    shown(kept, Console())
    if given.json:
        given.json.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    if given.page:
        write_page(document, kept, given.page)
    sys.exit(0 if given.quick or all(target.kept for target in kept) else 1)


if __name__ == "__main__":
    main()
