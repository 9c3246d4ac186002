"""Sketched tables to campaigns, as a multiple of the pure DuckDB scan of the same columns in the same run.

python bench/detect.py [--quick] [--json FILE]

Each size runs in a process of its own, so that its peak memory is its own. The scan is timed before and after
the search (three times each). The ratio is search over the median scan, the noise the spread of the scans.
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
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from made_worlds import sketched_world
from stillwatch.engine import DuckDBEngine
from stillwatch.pipeline import Stored, search
from stillwatch.pipeline.releases import RELEASES
from stillwatch.run.layout import stored_days
from stillwatch.schema.stored import LABELS
from stillwatch.settings import EngineSettings, Settings
from study.scan import scan

ACCOUNTS = 120_000
SIZES = (1_000_000, 5_000_000, 10_000_000, 20_000_000)
QUICK = (200_000, 400_000, 800_000)


def measure(exchanges: int, accounts: int) -> dict[str, Any]:
    """Make the tables, scan, search, scan."""
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder)
        # In a process of its own: its memory is not the search's.
        subprocess.run(
            [sys.executable, __file__, "--make", folder, str(exchanges), str(accounts)], check=True
        )
        scan(run)
        scans = [scan(run) for _ in range(3)]
        steps: list[tuple[str, float]] = []
        start, processor = time.perf_counter(), time.process_time()
        with DuckDBEngine(EngineSettings(), run) as engine:
            stored = Stored(
                engine.read("exchanges", stored_days(run)),
                engine.load("accounts", pq.read_table(run / "accounts.parquet")),
                engine.load(
                    "releases",
                    pa.table(
                        {"model": ["model3"], "second": [sketched_world.START + 10 * 86_400]}, schema=RELEASES
                    ),
                ),
                LABELS.arrow.empty_table(),
            )
            found = search(
                engine, stored, Settings(), lambda step: steps.append((step, time.perf_counter() - start))
            )
        seconds, processor = time.perf_counter() - start, time.process_time() - processor
        scans += [scan(run) for _ in range(3)]
    campaigns = [row for row in found.tables["campaigns"].to_pylist() if row["listed"]]
    unit = statistics.median(scans)
    ends = [at for _, at in steps[1:]] + [seconds]
    return {
        "exchanges": exchanges,
        "accounts": accounts,
        "scan_seconds": round(unit, 3),
        "scan_noise": round(max(scans) / min(scans), 2),
        "search_seconds": round(seconds, 2),
        "search_processor_seconds": round(processor, 2),
        "ratio": round(seconds / unit, 2),
        "peak_gigabytes": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2),
        "listed": [{"verdict": row["verdict"], "accounts": row["accounts"]} for row in campaigns],
        "steps": {step: round(end - at, 2) for (step, at), end in zip(steps, ends, strict=True)},
    }


def fit(results: list[dict[str, Any]]) -> dict[str, float]:
    """Fit seconds = fixed + slope * millions by least squares, and the exponent of a power law.

    The exponent is fitted through the sizes above the fixed cost.
    """
    millions = np.array([row["exchanges"] / 1e6 for row in results])
    seconds = np.array([row["search_seconds"] for row in results])
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
    parser.add_argument("--json", type=Path)
    parser.add_argument(
        "--make", nargs=3, metavar=("FOLDER", "EXCHANGES", "ACCOUNTS"), help=argparse.SUPPRESS
    )
    parser.add_argument("--one", nargs=2, type=int, metavar=("EXCHANGES", "ACCOUNTS"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.make:
        sketched_world.make(Path(given.make[0]), int(given.make[1]), int(given.make[2]))
        return
    if given.one:
        print(json.dumps(measure(*given.one)))
        return
    results = []
    for size in QUICK if given.quick else SIZES:
        accounts = ACCOUNTS // 10 if given.quick else ACCOUNTS
        print(f"{size:,} exchanges …", file=sys.stderr)
        done = subprocess.run(
            [sys.executable, __file__, "--one", str(size), str(accounts)],
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        )
        results.append(json.loads(done.stdout))
        row = results[-1]
        print(
            f"{size:>12,} exchanges  scan {row['scan_seconds']:.2f} s (noise x{row['scan_noise']})  search "
            f"{row['search_seconds']:.1f} s"
            f"  ratio {row['ratio']:.1f}  peak {row['peak_gigabytes']:.2f} GB  listed {row['listed']}"
        )
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
