"""Processor seconds, memory and cores of reading a log."""

from __future__ import annotations

import os
import resource
import statistics
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import orjson

from stillwatch.ingest import IngestContext, Quarantine, plan, read
from stillwatch.pipeline.read_logs import read_logs
from stillwatch.schema.keyed import HashKey
from stillwatch.settings import IngestSettings, SketchSettings

WORKERS = 2
TIMES = ("timestamp", "startTime", "endTime")
"""Names of columns that hold a time."""
TYPES = {str: "VARCHAR", int: "BIGINT", float: "DOUBLE"}
"""DuckDB's types of other values; objects and lists are JSON."""
MB = 1e6


def reading(path: Path, format: str, *, one_by_one: bool = False) -> int:
    """Read a file as a run does, without sketches; returns its requests."""
    settings = IngestSettings()
    source = plan([path], settings=settings, format=format)[0]
    batches = read(source, IngestContext(settings), Quarantine(), one_by_one=one_by_one)
    return sum(batch.num_rows for batch in batches)


def duck(there: duckdb.DuckDBPyConnection, path: Path, columns: Sequence[str]) -> int:
    """Read these columns of a file with an open DuckDB of one thread; returns its lines."""
    with path.open("rb") as file:
        first = orjson.loads(file.readline())
    types = {name: "TIMESTAMP" if name in TIMES else TYPES.get(type(first[name]), "JSON") for name in columns}
    found = there.sql(
        "SELECT * FROM read_json(?, format = 'newline_delimited', columns = ?)", params=[str(path), types]
    )
    return sum(batch.num_rows for batch in found.to_arrow_reader())


def one_thread() -> duckdb.DuckDBPyConnection:
    """Open DuckDB: that alone takes as long as reading ten thousand rows."""
    return duckdb.connect(config={"threads": 1})


def loads(path: Path) -> None:
    """Parse each line."""
    with path.open("rb") as file:
        for line in file:
            orjson.loads(line)


def speed(path: Path, format: str, columns: Sequence[str], times: int) -> dict[str, Any]:
    """The figures of one file. What is compared runs by turns, so that a busy minute strikes all of it.

    Row by row, which takes longest, is read once.
    """
    there = one_thread()
    rows, size = reading(path, format), path.stat().st_size / MB
    assert duck(there, path, columns), "DuckDB read no line"
    ways: dict[str, Callable[[], object]] = {
        "ours": lambda: reading(path, format),
        "read_json": lambda: duck(there, path, columns),
        "orjson": lambda: loads(path),
    }
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(times):
        for name, run in ways.items():
            seconds[name].append(processor_seconds(run))
    alone = processor_seconds(lambda: reading(path, format, one_by_one=True))
    there.close()
    ours = statistics.median(seconds["ours"])
    return {
        "rows": rows,
        "rows_per_second": round(rows / ours),
        "mb_per_second": round(size / ours, 1),
        "noise": round(max(seconds["ours"]) / min(seconds["ours"]), 2),
        "row_by_row_per_second": round(rows / alone),
        "columns": len(columns),
        "read_json_rows_per_second": round(rows / statistics.median(seconds["read_json"])),
        "times_read_json": _ratio(seconds["ours"], seconds["read_json"]),
        "times_orjson": _ratio(seconds["ours"], seconds["orjson"]),
    }


def processor_seconds(run: Callable[[], object]) -> float:
    """Run it; returns what it took."""
    start = time.process_time()
    run()
    return time.process_time() - start


def _ratio(ours: list[float], others: list[float]) -> float:
    return round(statistics.median(a / b for a, b in zip(ours, others, strict=True)), 2)


def memory(path: Path, format: str) -> dict[str, Any]:
    """Rows of a file, and the most megabytes that a process of its own holds while it reads them."""
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        return pool.submit(_memory, path, format).result()


def _memory(path: Path, format: str) -> dict[str, Any]:
    before = peak()
    rows = reading(path, format)
    return {"rows": rows, "mb_before": round(before), "mb_peak": round(peak())}


def peak() -> float:
    """The most megabytes that this process has held.

    `ru_maxrss` starts at what the parent held, so Linux is asked for the peak of this program alone.
    """
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text(encoding="ascii").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def split(path: Path, format: str) -> dict[str, Any]:
    """What the workers use of two cores while they read and sketch one file.

    `idle` is what two loops that do nothing else get of the machine just before and after.
    """
    settings = IngestSettings(workers=WORKERS)
    idle = [_loops()]
    with TemporaryDirectory() as stage:
        workers, parent, start = _used(resource.RUSAGE_CHILDREN), time.process_time(), time.monotonic()
        read_logs(
            plan([path], settings=settings, format=format),
            IngestContext(settings),
            HashKey.public(),
            SketchSettings(),
            Path(stage),
            lambda *_: None,
        )
        wall = time.monotonic() - start
        workers, parent = _used(resource.RUSAGE_CHILDREN) - workers, time.process_time() - parent
    idle.append(_loops())
    return {
        "mb": round(path.stat().st_size / MB),
        "workers": WORKERS,
        "seconds": round(wall, 1),
        "cores_of_workers": round(workers / wall, 2),
        "cores_of_parent": round(parent / wall, 2),
        "cores_idle": [round(cores, 2) for cores in idle],
        "load": round(os.getloadavg()[0], 1),
    }


def _used(who: int) -> float:
    used = resource.getrusage(who)
    return used.ru_utime + used.ru_stime


def _loops() -> float:
    with ProcessPoolExecutor(WORKERS, get_context("spawn")) as pool:
        for started in [pool.submit(_loop, 0.0) for _ in range(WORKERS)]:
            started.result()
        return sum(pool.map(_loop, [2.0] * WORKERS))


def _loop(seconds: float) -> float:
    start, used = time.monotonic(), time.process_time()
    while time.monotonic() - start < seconds:
        pass
    return (time.process_time() - used) / max(time.monotonic() - start, 1e-9)
