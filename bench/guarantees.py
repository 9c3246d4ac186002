"""Do the guarantees hold on whole worlds? False campaigns, the bound, the watch, and unforeseen changes.

python bench/guarantees.py [--quick] [--worlds N] [--seed 1] [--json FILE] [--log FILE.jsonl] [--again]

Each world is made, searched and watched in one process, two at a time. Its record goes to the log when it is
done: the same call again continues where an earlier one stopped. With --again nothing is run, and everything
in the log is counted, whatever the studies' sizes and numbers.

Studies are `benign` (no campaigns, hard negatives; the watch's run length), `campaigns` (realised false
discovery rate, coverage of the bound, delay), and benign worlds with one change each: drift, client release,
agent release, holiday, new region. Worlds come in several sizes, each seed in one of them. The median account
of heavy kinds is cut to --heavy exchanges, three times an industrial volume, so that hundreds of worlds are
affordable. One world takes 15 to 20 s of processor time, and 6 s for each day watched.

A promise is kept if its exact interval (Clopper and Pearson 1934, 99 %) is not above it. Seeds are --seed and
those after it.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from guarantee_study.changes import CHANGES
from guarantee_study.lines import (
    Delay,
    KindLine,
    RunLength,
    delays_of,
    kinds_of,
    lines_of,
    made_of,
    run_lengths,
)
from guarantee_study.worlds import BENIGN, CAMPAIGNS, Record, Task, benign_name, records_of, run_task
from stillwatch.watch_settings import WatchSettings
from study.given_worlds import beside
from study.kept_rows import add
from study.promises import Line, shown

STUDIES = (BENIGN, CAMPAIGNS, *CHANGES)
SIZES = (0.001, 0.002, 0.004)


def of_worlds(parser: argparse.ArgumentParser) -> None:
    """Add arguments that say which worlds, and how many."""
    parser.add_argument(
        "--worlds", type=int, default=200, help="worlds of the studies benign and campaigns (default 200)"
    )
    parser.add_argument("--changed", type=int, help="worlds of each change (default a quarter of --worlds)")
    parser.add_argument(
        "--studies",
        nargs="+",
        choices=STUDIES,
        default=STUDIES,
        metavar="STUDY",
        help=f"some of: {', '.join(STUDIES)}",
    )
    parser.add_argument(
        "--scenario",
        default=benign_name(),
        help="scenario of worlds without campaigns; its own are taken away",
    )
    parser.add_argument(
        "--campaigns",
        nargs="+",
        default=["february"],
        metavar="SCENARIO",
        help="scenarios of worlds with campaigns, in turn",
    )
    parser.add_argument(
        "--backdrop",
        nargs="+",
        default=[],
        metavar="NAME",
        help="backdrops of worlds with campaigns beside their scenarios' own",
    )
    parser.add_argument(
        "--sizes", nargs="+", type=float, default=SIZES, metavar="SCALE", help="scales of the worlds, in turn"
    )
    parser.add_argument(
        "--heavy",
        type=float,
        default=3_000.0,
        help="median exchanges of an account to which larger kinds are cut",
    )


def arguments() -> argparse.Namespace:
    """Read the arguments."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--quick",
        action="store_true",
        help="one world of the smallest size in each study, watched once in fourteen days",
    )
    of_worlds(parser)
    parser.add_argument(
        "--every", type=int, default=7, help="days between the searches of the watch; 0: no watch"
    )
    parser.add_argument("--average-run-length", type=float, default=WatchSettings().average_run_length)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--log", type=Path, help="JSONL file of finished worlds, to go on from (default beside --json)"
    )
    parser.add_argument(
        "--again", action="store_true", help="take the finished worlds of --log as they are, and make none"
    )
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    if given.quick:
        given.worlds, given.changed, given.sizes, given.every = 1, 1, SIZES[:1], 14
    given.changed = given.worlds // 4 if given.changed is None else given.changed
    given.log = given.log or (given.json.with_suffix(".jsonl") if given.json else None)
    if given.again and not (given.log and given.log.is_file()):
        parser.error("--again: there are no finished worlds; give the log that holds them as --log")
    return given


def tasks_of(given: argparse.Namespace) -> Iterator[Task]:
    """Return the worlds, study by study for each seed, so that an interrupted study has some of each."""
    for number in range(max(given.worlds, given.changed)):
        for study in given.studies:
            if number < (given.worlds if study in (BENIGN, CAMPAIGNS) else given.changed):
                scenario = (
                    given.campaigns[number % len(given.campaigns)] if study == CAMPAIGNS else given.scenario
                )
                every = given.every if study in (BENIGN, CAMPAIGNS) else 0
                scale = given.sizes[number % len(given.sizes)]
                among = beside(scenario, tuple(given.backdrop)) if study == CAMPAIGNS else ()
                yield Task(
                    study,
                    scenario,
                    scale,
                    given.seed + number,
                    given.heavy,
                    every,
                    given.average_run_length,
                    among,
                )


def run_all(tasks: Sequence[Task], log: Path | None, workers: int) -> list[Record]:
    """Records of all tasks, in their order; those in the log are not made again, new ones are added."""
    done = {key: record for key, record in records_of(log).items() if key in {task.key for task in tasks}}
    left = [task for task in tasks if task.key not in done]
    start = time.perf_counter()
    pool = ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"))
    try:
        for number, future in enumerate(as_completed([pool.submit(run_task, task) for task in left]), 1):
            record = future.result()
            task = Task(**record["task"])
            done[task.key] = record
            if log is not None:
                add(log, record)
            print(
                f"{time.perf_counter() - start:7.0f} s  {number} of {len(left)}: {task.study}, scale "
                f"{task.scale}, seed {task.seed}",
                file=sys.stderr,
            )
    finally:
        pool.shutdown(cancel_futures=True)
    return [done[task.key] for task in tasks]


def logged(log: Path) -> list[Record]:
    """The finished worlds of a log by study and seed; of worlds that were run twice, the later counts."""
    return sorted(
        records_of(log).values(),
        key=lambda record: (
            STUDIES.index(record["task"]["study"]),
            record["task"]["seed"],
            record["task"]["scale"],
        ),
    )


def shown_kinds(kinds: Sequence[KindLine]) -> Table:
    """Show groups by kind."""
    table = Table(
        "kind",
        "study",
        "tested",
        "more than chance",
        "adversarial",
        "unlicensed",
        "worlds",
        "adversarial in at most",
        title="By kind",
    )
    for line in kinds:
        counts = (line.tested, line.passed, line.adversarial, line.unlicensed, line.worlds)
        table.add_row(line.kind, line.study, *map(str, counts), f"{line.high:.1%} of worlds")
    return table


def shown_delays(delays: Sequence[Delay]) -> Table:
    """Show delays by campaign."""
    table = Table(
        "scenario",
        "campaign",
        "scale",
        "worlds",
        "alarms",
        "median days",
        "median gone",
        "before 5 % gone",
        "99 % interval",
        title="Delay",
    )
    for line in delays:
        interval = f"{line.low:.2f} to {line.high:.2f}"
        counts = (
            f"{line.scale:g}",
            str(line.worlds),
            str(line.alarmed),
            "-" if line.days is None else f"{line.days:g}",
            f"{line.gone:.1%}",
        )
        table.add_row(line.place, line.campaign, *counts, f"{line.early:.2f}", interval)
    return table


def shown_lengths(lengths: Sequence[RunLength]) -> Table:
    """Show run lengths by verdict."""
    heads = (
        "alarms",
        "days between searches",
        "promised days",
        "worlds",
        "days of each",
        "with a false alarm",
        "run length at least (95 %)",
    )
    table = Table(*heads, title="Run length")
    for line in lengths:
        counts = (str(line.worlds), str(line.days), str(line.alarmed))
        table.add_row(line.verdict, str(line.every), f"{line.promised:g}", *counts, f"{line.at_least:g}")
    return table


def seconds_of(records: Sequence[Record]) -> dict[str, dict[str, float]]:
    """Return mean seconds of a world by study and step."""
    found: dict[str, dict[str, float]] = {}
    for study in dict.fromkeys(record["task"]["study"] for record in records):
        laps = [record["seconds"] for record in records if record["task"]["study"] == study]
        found[study] = {
            name: round(sum(lap.get(name, 0.0) for lap in laps) / len(laps), 1) for name in laps[0]
        }
    return found


def main() -> None:
    """Run and print; the exit code is 1 if a promise is not kept."""
    given = arguments()
    records = logged(given.log) if given.again else run_all(list(tasks_of(given)), given.log, given.workers)
    lines: list[Line] = lines_of(records)
    kinds, delays = kinds_of(records), delays_of(records)
    benign = [record for record in records if record["task"]["study"] == BENIGN]
    lengths = run_lengths(benign)
    console = Console(width=170)
    for table in (shown(lines), shown_kinds(kinds), shown_lengths(lengths), shown_delays(delays)):
        console.print(table)
    seconds = seconds_of(records)
    console.print(
        "seconds a world: "
        + "; ".join(
            f"{study} {sum(laps.values()) - laps['processor']:.0f}" for study, laps in seconds.items()
        )
    )
    if given.json:
        tables = {
            "lines": [asdict(line) | {"kept": line.kept} for line in lines],
            "kinds": [asdict(line) for line in kinds],
            "run_lengths": [asdict(line) for line in lengths],
            "delays": [asdict(line) for line in delays],
        }
        about = {
            "quick": given.quick,
            "worlds": len(records),
            "made": [asdict(line) for line in made_of(records)],
        }
        about["states"] = sorted({record.get("state", "unknown") for record in records})
        given.json.write_text(json.dumps({**about, **tables, "seconds": seconds}, indent=2) + "\n")
    sys.exit(0 if all(line.kept for line in lines) else 1)


if __name__ == "__main__":
    main()
