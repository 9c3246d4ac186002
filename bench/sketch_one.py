"""Requests sketched one at a time, per second, as a gateway does, at 300 and 3,000 characters.

python bench/sketch_one.py [--quick] [--json FILE]

A request is a chat completion's body with one user message cut from made-up words, three parameters and no
answer. `one` is Sketcher.sketch from the body to the record. `read` is its part that reads the body. `batch`
is the batch's kernels and keys over 16,384 of the same requests, per request, in the same run. Seconds are
processor seconds of one thread: the median of several runs, with the spread between the fastest and the
slowest as the machine's noise. The first call is timed in a process of its own with a warm cache of compiled
kernels, from the start of Python to the first sketch, in seconds of the clock.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

import stillwatch
from sketch import batch_of, text_of
from stillwatch.settings import SketchSettings
from stillwatch.sketch.batch import sketch as sketch_batch

LENGTHS = (300, 3_000)
SEED = 1
FIRST = """
import stillwatch
sketcher = stillwatch.Sketcher(key=stillwatch.HashKey.public())
sketcher.sketch({"messages": [{"role": "user", "content": "hello"}]})
"""


def microseconds(run: Callable[[], object], requests: int, times: int) -> dict[str, float]:
    """Return the processor time for one request: the median, and slowest run over fastest."""
    run()
    seconds = []
    for _ in range(times):
        start = time.thread_time()
        run()
        seconds.append(time.thread_time() - start)
    return {
        "microseconds": round(statistics.median(seconds) / requests * 1e6, 2),
        "noise": round(max(seconds) / min(seconds), 2),
    }


def bodies(source: str, length: int, count: int, rng: np.random.Generator) -> list[dict[str, Any]]:
    """Make bodies of chat completions."""
    return [
        {
            "model": "heron-4",
            "messages": [{"role": "user", "content": source[at : at + length]}],
            "temperature": 0.7,
            "max_tokens": 500,
            "top_p": 0.9,
        }
        for at in rng.integers(0, len(source) - length, count)
    ]


def read_all(sketcher: stillwatch.Sketcher, given: list[dict[str, Any]]) -> None:
    """Read every body without sketching it."""
    for body in given:
        sketcher.read(body)


def first_call() -> float:
    """Return the seconds from the start of a process to its first sketch."""
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", FIRST], check=True)
    return round(time.perf_counter() - started, 2)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer requests and fewer runs")
    parser.add_argument("--json", type=Path, help="write the figures to a file")
    options = parser.parse_args()
    count, times = (2_000, 3) if options.quick else (10_000, 9)
    rng = np.random.default_rng(SEED)
    source, key = text_of(rng, 1_000_000), stillwatch.HashKey.public()
    sketcher = stillwatch.Sketcher(key=key)
    found: dict[str, Any] = {"requests": count, "lengths": {}, "first_call_seconds": first_call()}
    for length in LENGTHS:
        given = bodies(source, length, count, rng)
        batch, _ = batch_of(source, length, rng)
        # Without an answer, as the single requests are.
        plain = batch.set_column(
            batch.schema.get_field_index("answer"), "answer", [None] * batch.num_rows
        ).cast(batch.schema)
        figures = {
            "one": microseconds(partial(sketcher.sketch_many, given), count, times),
            "read": microseconds(partial(read_all, sketcher, given), count, times),
            "batch": microseconds(partial(sketch_batch, plain, key, SketchSettings()), batch.num_rows, times),
        }
        one, at_once = figures["one"]["microseconds"], figures["batch"]["microseconds"]
        found["lengths"][length] = {
            **figures,
            "per_second": round(1e6 / one),
            "ratio": round(one / at_once, 1),
        }
        print(
            f"{length:5d} characters  {1e6 / one:9,.0f} calls a second and core ({one:.0f} µs, of which "
            f"{figures['read']['microseconds']:.0f} µs read the body, noise x{figures['one']['noise']:.2f}) "
            "  "
            f"{one / at_once:.1f} times a request of a batch ({at_once:.1f} µs)"
        )
    print(f"first call: {found['first_call_seconds']} s from the start of Python, kernels in the cache")
    if options.json:
        options.json.write_text(json.dumps(found, indent=2), encoding="utf-8")


if __name__ == "__main__":
    main()
