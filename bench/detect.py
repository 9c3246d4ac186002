"""Sketched tables to campaigns, as a multiple of the pure DuckDB scan of the same columns in the same run.

python bench/detect.py [--quick] [--json FILE]

Each size runs in a process of its own, so that its peak memory is its own. The scan is timed before and after
the search (three times each). The ratio is search over the median scan, the noise the spread of the scans. The
cost of each step is given in the same unit. Every address, network and client has a label, as in a run.
`--processor` measures scan and steps in processor time, for a machine that others use too.
Targets: a ratio of at most 20 and at most 4 GB at 20 million exchanges of 120 thousand accounts; cost linear
from 1 to 20 million.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from made_worlds import sketched_world
from stillwatch.engine import DuckDBEngine, Table
from stillwatch.engine.sorted_file import counts_of
from stillwatch.pipeline import SearchResult, Stored, search
from stillwatch.pipeline.releases import RELEASES
from stillwatch.report_tables.labels import kept_labels
from stillwatch.run.layout import stored_days
from stillwatch.schema.stored import LABELS
from stillwatch.settings import EngineSettings, Settings
from study.scan import scan

ACCOUNTS = 120_000
SIZES = (1_000_000, 5_000_000, 10_000_000, 20_000_000)
QUICK = (200_000, 400_000, 800_000)


STEPS = (
    ("labels and counts", ("labels",)),
    ("activity", ("activity",)),
    ("facets", ("facet ",)),
    ("linkage", ("strata", "rates", "anchors", "purify", "weigh members")),
    ("held-out tests", ("held-out tests",)),
    ("signals", ("groups' exchanges", "signal ")),
    ("templates", ("templates",)),
    ("verdicts and evidence", ("verdicts", "evidence")),
)
"""What is told as one step, and how its parts begin."""
LABELLED = ("address", "subnet", "client", "stainless", "ja4", "parameters")
"""Columns whose keys have labels."""


class Clocks:
    """When each step began, in two kinds of time."""

    def __init__(self) -> None:
        self.began: list[tuple[str, float, float]] = []

    def __call__(self, step: str) -> None:
        self.began.append((step, time.perf_counter(), time.process_time()))

    def steps(self) -> dict[str, tuple[float, float]]:
        """Seconds and processor seconds of each step but the last, which only ends the one before it."""
        taken: dict[str, tuple[float, float]] = {}
        for (step, wall, processor), (_, end, processor_end) in pairwise(self.began):
            before = taken.get(step, (0.0, 0.0))
            taken[step] = (before[0] + end - wall, before[1] + processor_end - processor)
        return taken


def searched(run: Path) -> tuple[SearchResult, dict[str, tuple[float, float]]]:
    """What detect does with written exchanges, and how long each step took."""
    with DuckDBEngine(EngineSettings(), run) as engine:
        exchanges = engine.read("exchanges", stored_days(run))
        accounts = engine.load("accounts", pq.read_table(run / "accounts.parquet"))
        table = {"model": ["model3"], "second": [sketched_world.START + 10 * 86_400]}
        releases = engine.load("releases", pa.table(table, schema=RELEASES))
        labels = every_label(engine, exchanges)
        clocks = Clocks()
        clocks("labels")
        kept = kept_labels(engine, exchanges, accounts, labels, Settings().sketch.template_accounts)
        stored = Stored(exchanges, accounts, releases, kept, counts=counts_of(stored_days(run)))
        found = search(engine, stored, Settings(), clocks)
        clocks("end")
    return found, clocks.steps()


def every_label(engine: DuckDBEngine, exchanges: Table) -> pa.Table:
    """Table labels with a word for every key of LABELLED."""
    parts = []
    for kind in LABELLED:
        keys = engine.collect(exchanges.select(key=exchanges[kind]).distinct()).column("key").drop_null()
        columns = [keys, pa.array([kind] * len(keys), pa.string()), pa.array(map(str, keys), pa.string())]
        parts.append(
            pa.table(columns, names=["key", "kind", "label"]).select(LABELS.names()).cast(LABELS.arrow)
        )
    return pa.concat_tables(parts)


def measure(exchanges: int, accounts: int, processor: bool) -> dict[str, Any]:
    """Make the tables, scan, search, scan."""
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder)
        # In a process of its own: its memory is not the search's.
        subprocess.run(
            [sys.executable, __file__, "--make", folder, str(exchanges), str(accounts)], check=True
        )
        clock = time.process_time if processor else time.perf_counter
        scan(run)
        scans = [timed(run, clock) for _ in range(3)]
        found, steps = searched(run)
        scans += [timed(run, clock) for _ in range(3)]
    campaigns = [row for row in found.tables["campaigns"].to_pylist() if row["listed"]]
    unit = statistics.median(scans)
    taken = {
        name: sum(both[processor] for step, both in steps.items() if step.startswith(begins)) / unit
        for name, begins in STEPS
    }
    walls, processors = (sum(both[i] for both in steps.values()) for i in (0, 1))
    return {
        "exchanges": exchanges,
        "accounts": accounts,
        "clock": "processor" if processor else "wall",
        "scan_seconds": round(unit, 3),
        "scan_noise": round(max(scans) / min(scans), 2),
        "search_seconds": round(walls, 2),
        "search_processor_seconds": round(processors, 2),
        "ratio": round((processors if processor else walls) / unit, 2),
        "peak_gigabytes": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2),
        "listed": [{"verdict": row["verdict"], "accounts": row["accounts"]} for row in campaigns],
        "scans_by_step": {name: round(units, 2) for name, units in taken.items()},
        "steps": {step: round(both[processor], 3) for step, both in steps.items()},
    }


def timed(run: Path, clock: Callable[[], float]) -> float:
    """What the scan takes by a clock."""
    start = clock()
    scan(run)
    return clock() - start


def fit(results: list[dict[str, Any]]) -> dict[str, float]:
    """Fit seconds = fixed + slope * millions by least squares, and the exponent of a power law.

    The exponent is fitted through the sizes above the fixed cost.
    """
    millions = np.array([row["exchanges"] / 1e6 for row in results])
    seconds = np.array([row["ratio"] * row["scan_seconds"] for row in results])
    slope, fixed = np.polyfit(millions, seconds, 1)
    residual = seconds - (fixed + slope * millions)
    explained = 1.0 - float((residual**2).sum() / ((seconds - seconds.mean()) ** 2).sum())
    exponent = np.polyfit(np.log(millions), np.log(seconds), 1)[0]
    return {
        "fixed_seconds": round(float(fixed), 2),
        "seconds_per_million": round(float(slope), 3),
        "r_squared": round(explained, 4),
        "exponent": round(float(exponent), 3),
    }


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--quick",
        action="store_true",
        help="small tables; the ratio then says little, since the accounts weigh more",
    )
    parser.add_argument("--processor", action="store_true", help="measure processor time")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures to a file")
    parser.add_argument(
        "--make", nargs=3, metavar=("FOLDER", "EXCHANGES", "ACCOUNTS"), help=argparse.SUPPRESS
    )
    parser.add_argument("--one", nargs=2, type=int, metavar=("EXCHANGES", "ACCOUNTS"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.make:
        sketched_world.make(Path(given.make[0]), int(given.make[1]), int(given.make[2]))
        return
    if given.one:
        print(json.dumps(measure(given.one[0], given.one[1], given.processor)))
        return
    results = []
    for size in QUICK if given.quick else SIZES:
        accounts = ACCOUNTS // 10 if given.quick else ACCOUNTS
        print(f"{size:,} exchanges …", file=sys.stderr)
        done = subprocess.run(
            [sys.executable, __file__, "--one", str(size), str(accounts)] + ["--processor"] * given.processor,
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        )
        results.append(json.loads(done.stdout))
        row = results[-1]
        print(
            f"{size:>12,} exchanges  scan {row['scan_seconds']:.2f} s (noise x{row['scan_noise']})  search "
            f"{row['search_processor_seconds' if given.processor else 'search_seconds']:.1f} s"
            f"  ratio {row['ratio']:.1f}  peak {row['peak_gigabytes']:.2f} GB  listed {row['listed']}"
        )
        for step, units in row["scans_by_step"].items():
            print(f"{units:>14.2f} scans  {step}")
    line = fit(results)
    print(
        f"fit: {line['fixed_seconds']} s + {line['seconds_per_million']} s a million (R² "
        f"{line['r_squared']}); power {line['exponent']}"
    )
    if given.json:
        given.json.write_text(
            json.dumps({"target": {"ratio": 20, "gigabytes": 4}, "results": results, "fit": line}, indent=2)
            + "\n"
        )


if __name__ == "__main__":
    main()
