"""Rows and megabytes read per processor second, for each log format; memory, and cores kept busy.

python bench/ingest.py [--quick] [--rows N] [--only NAME] [--json FILE]

Lines of 1.5 to 2 KB of 4,000 accounts are made for each format. Stillwatch's reading alone (no sketch) is
compared, on the same file and by turns, with itself row by row, with DuckDB's `read_json` of the columns that
we read (objects as JSON, one thread), and with `orjson.loads` of each line. Seconds are processor seconds: the
median of several runs, with slowest over fastest as the machine's noise.

Memory is the peak of a process that reads a quarter of the rows, and of another that reads all. `one file` is
`read_logs`, sketches included, with two workers: processor time of the workers over elapsed time, with kernels
that are compiled already; a file of less than 64 MB is read by one process. Both are of the first format.
Targets: 45,000 rows a processor second, at most 6 times `read_json`, two cores busy. `--quick` takes under two
minutes of a free core. `bench/measured` keeps the figures of `--rows 1000000 --only "JSON as text"`
(ingest.json) and of `--quick` (ingest_quick.json).
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

import pyarrow as pa

from ingest_study.made_logs import Kind, Maker, kinds, write
from ingest_study.measure import memory, speed, split
from study.promises import state

QUICK, QUICK_ONE_FILE, FULL, LARGEST = 20_000, 80_000, 1_000_000, 8_000_000


def options_given() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help=f"{QUICK:,} rows of each format")
    parser.add_argument(
        "--rows", type=int, default=FULL, help=f"rows without --quick, up to {LARGEST:,} (2 KB of disk each)"
    )
    parser.add_argument("--only", help="only the formats whose name holds this")
    parser.add_argument("--json", type=Path, help="write the figures to a file")
    options = parser.parse_args()
    if not 1 <= options.rows <= LARGEST:
        parser.error(f"--rows is a number from 1 to {LARGEST:,}")
    return options


def told(name: str, figures: dict[str, Any]) -> None:
    """Print the figures of a format."""
    print(
        f"{name:28s} {figures['rows_per_second']:8,.0f} rows  {figures['mb_per_second']:6.1f} MB a processor "
        f"second (x{figures['noise']:.2f})   row by row {figures['row_by_row_per_second']:7,.0f}   "
        f"{figures['times_read_json']:.1f} x read_json of {figures['columns']} columns   "
        f"{figures['times_orjson']:.1f} x orjson",
        flush=True,
    )


def of_one_file(folder: Path, kind: Kind, rows: int) -> dict[str, Any]:
    """Memory at two sizes, and the cores that one file keeps busy."""
    path, found = folder / "log.jsonl", []
    for count in (rows // 4, rows):
        write(path, kind, count)
        found.append(memory(path, kind.format))
        print(f"memory over {count:,} rows: {found[-1]['mb_peak']:,} MB", flush=True)
    small = folder / "small.jsonl"
    write(small, kind, 100)
    split(small, kind.format)  # compiles the kernels, if they are not
    cores = split(path, kind.format)
    print(
        f"one file of {cores['mb']:,} MB: {cores['seconds']} s, workers {cores['cores_of_workers']} cores, "
        f"parent {cores['cores_of_parent']}; two idle loops got {cores['cores_idle']}, load {cores['load']}"
    )
    return {"of": kind.name, "memory": found, "one_file": cores}


def main() -> None:
    """Print the table."""
    options = options_given()
    rows = QUICK if options.quick else options.rows
    chosen = [kind for kind in kinds(Maker()) if (options.only or "") in kind.name]
    if not chosen:
        raise SystemExit(f"no format has {options.only!r} in its name")
    pa.array(["pyarrow looks for pandas when it makes its first array"])
    found: dict[str, Any] = {"state": state(), "rows": rows, "formats": {}}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "log.jsonl"
        for kind in chosen:
            write(path, kind, rows)
            figures = speed(path, kind.format, kind.columns, 3)
            found["formats"][kind.name] = figures
            told(kind.name, figures)
        found |= of_one_file(Path(folder), chosen[0], QUICK_ONE_FILE if options.quick else rows)
    if options.json:
        options.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
