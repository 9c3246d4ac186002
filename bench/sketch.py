"""Prompts sketched per second and core, at 300 and 3,000 characters, compared with MinHash alone.

python bench/sketch.py [--quick] [--json FILE]

A batch is 16,384 requests of 4,000 accounts as an API log holds them: one user message each, cut from made-up
words at random places, an answer, address and client. `sketch` is the whole stage (keys, skeletons, shingles,
MinHash bands, projections, language, conversation keys, intent, marks). It is compared, on the same texts and
in the same run, with the 64-permutation MinHash of datasketch and of rensa over words. Seconds are processor
seconds of one thread: the median of several runs, with the spread between the fastest and the slowest as the
machine's noise. Memory is the resident size after the first million prompts and after the last. A table tells
how many milliseconds of a batch each kernel takes (`sketch_study/by_kernel.py`). Target: 300,000 prompts of 300
characters.
"""

from __future__ import annotations

import argparse
import importlib
import json
import resource
import statistics
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from sketch_study.by_kernel import by_kernel
from stillwatch.schema.keyed import HashKey
from stillwatch.schema.requests import REQUESTS
from stillwatch.settings import SketchSettings
from stillwatch.sketch import sketch

ROWS, ACCOUNTS, ANSWER = 16_384, 4_000, 300
LENGTHS = (300, 3_000)
PERMUTATIONS = 64
SEED = 1


def text_of(rng: np.random.Generator, size: int) -> str:
    """Make running text: words of uneven length and frequency, names, numbers, punctuation, line ends."""
    letters = np.array(list("etaoinshrdlucmfwypvbgkjqxz"))
    weight = 1.0 / np.arange(2, 28)
    words = [
        "".join(rng.choice(letters, max(1, int(rng.gamma(4.0, 1.2))), p=weight / weight.sum()))
        for _ in range(8_000)
    ]
    words[:12] = ["the", "of", "and", "to", "a", "in", "is", "that", "for", "you", "with", "as"]
    rank = 1.0 / (np.arange(len(words)) + 2.0)
    chosen = rng.choice(len(words), size // 5, p=rank / rank.sum())
    marks = rng.choice(["", "", "", "", "", "", "", "", ",", ".", ".\n", " 12"], len(chosen))
    capital = rng.random(len(chosen)) < 0.06
    return " ".join(
        (words[i].capitalize() if up else words[i]) + mark
        for i, mark, up in zip(chosen, marks, capital, strict=True)
    )


def batch_of(source: str, length: int, rng: np.random.Generator) -> tuple[pa.RecordBatch, list[str]]:
    """Make a batch of requests, and its prompts."""
    starts = rng.integers(0, len(source) - max(length, ANSWER), (2, ROWS))
    prompts = [source[at : at + length] for at in starts[0]]
    account = np.arange(ROWS) % ACCOUNTS
    given: dict[str, Any] = {
        "request_id": [f"req_{int(number):016x}" for number in rng.integers(0, 2**60, ROWS)],
        "account_id": [f"acct_{number:06d}" for number in account],
        "time": np.datetime64("2026-02-03T00:00:00", "us") + np.arange(ROWS).astype("timedelta64[s]"),
        "model": ["heron-4"] * ROWS,
        "status": [200] * ROWS,
        "output_tokens": [80] * ROWS,
        "address": [f"203.{number // 250}.113.{number % 250}" for number in account],
        "user_agent": [f"client/{number % 40}" for number in account],
        "messages": [[{"role": "user", "text": prompt}] for prompt in prompts],
        "answer": [source[at : at + ANSWER] for at in starts[1]],
    }
    columns = [pa.array(given.get(c.name, [None] * ROWS), c.type) for c in REQUESTS.columns]
    return pa.RecordBatch.from_arrays(columns, schema=REQUESTS.arrow), prompts


def timed(run: Callable[[], object], times: int) -> dict[str, float]:
    """Return rows per processor second: the median, and slowest run over fastest."""
    run()
    seconds = []
    for _ in range(times):
        start = time.thread_time()
        run()
        seconds.append(time.thread_time() - start)
    return {"per_second": ROWS / statistics.median(seconds), "noise": max(seconds) / min(seconds)}


def datasketch_minhash(prompts: list[str]) -> Callable[[], object] | None:
    """Compute MinHash of datasketch over the words of each prompt; None if it is not installed."""
    try:
        kind: Any = importlib.import_module("datasketch").MinHash
    except ImportError:
        return None
    words = [[word.encode() for word in prompt.split()] for prompt in prompts[:512]]

    def run() -> None:
        for _ in range(ROWS // 512):
            for found in words:
                kind(num_perm=PERMUTATIONS, seed=SEED).update_batch(found)

    return run


def rensa_minhash(prompts: list[str]) -> Callable[[], object] | None:
    """Compute R-MinHash of rensa over the words of each prompt; None if it is not installed."""
    try:
        kind: Any = importlib.import_module("rensa").RMinHash
    except ImportError:
        return None
    words = [prompt.split() for prompt in prompts]

    def run() -> None:
        for found in words:
            one = kind(num_perm=PERMUTATIONS, seed=SEED)
            one.update(found)
            one.digest()

    return run


def memory(batch: pa.RecordBatch, key: HashKey, total: int) -> dict[str, float]:
    """Return the most megabytes held, after a tenth of the prompts and after all."""
    at: list[float] = []
    for done in range(ROWS, total + 1, ROWS):
        sketch(batch, key, SketchSettings())
        if done in (total // 10 // ROWS * ROWS, total // ROWS * ROWS):
            at.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    return {"after_a_tenth": round(at[0], 1), "at_the_end": round(at[-1], 1), "prompts": total // ROWS * ROWS}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--quick",
        action="store_true",
        help="fewer runs, and memory over 300 thousand prompts instead of 10 million",
    )
    parser.add_argument("--json", type=Path, help="write the figures to a file")
    options = parser.parse_args()
    rng = np.random.default_rng(SEED)
    source, key = text_of(rng, 4_000_000), HashKey.public()
    times = 3 if options.quick else 9
    found: dict[str, Any] = {"rows": ROWS, "answer_chars": ANSWER, "lengths": {}}
    for length in LENGTHS:
        batch, prompts = batch_of(source, length, rng)
        figures = {"sketch": timed(partial(sketch, batch, key, SketchSettings()), times)}
        for name, made in (
            ("datasketch MinHash alone", datasketch_minhash(prompts)),
            ("rensa R-MinHash alone", rensa_minhash(prompts)),
        ):
            if made is not None:
                figures[name] = timed(made, 1 if options.quick else 3)
            else:
                print(f"{name}: not installed (pip install datasketch rensa)")
        found["lengths"][length] = figures
        for name, figure in figures.items():
            print(
                f"{length:5d} characters  {name:26s} {figure['per_second']:12,.0f} prompts a second and "
                f"core   noise x{figure['noise']:.2f}"
            )
        found.setdefault("milliseconds", {})[length] = parts = by_kernel(batch, key, times)
        for name, taken in parts.items():
            print(f"    {name:45s} {taken:8.1f} ms {taken / parts['whole']:6.1%}")
        if length == LENGTHS[0]:
            found["memory_mb"] = memory(batch, key, 300_000 if options.quick else 10_000_000)
            print(f"memory: {found['memory_mb']}")
    found["per_second_per_core"] = round(found["lengths"][LENGTHS[0]]["sketch"]["per_second"])
    print(f"target at {LENGTHS[0]} characters: 300,000; measured {found['per_second_per_core']:,}")
    if options.json:
        options.json.write_text(json.dumps(found, indent=2), encoding="utf-8")


if __name__ == "__main__":
    main()
