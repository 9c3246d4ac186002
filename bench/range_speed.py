"""How fast a world is made: exchanges per second as Parquet with text, on the given threads.

python bench/range_speed.py [--quick] [--scale 0.02] [--workers 2] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
import time
from pathlib import Path
from typing import Any

from stillwatch.simulate.make import Order, make

TARGET = 100_000


def measure(scale: float, workers: int, prompts: bool) -> dict[str, Any]:
    """Make one world and time it; processor seconds show what a busy machine hides."""
    with tempfile.TemporaryDirectory() as folder:
        wall, processor = time.perf_counter(), time.process_time()
        document = make(Order("february", Path(folder) / "world", scale, 1, workers=workers, prompts=prompts))
        wall, processor = time.perf_counter() - wall, time.process_time() - processor
        size = sum(path.stat().st_size for path in Path(folder).rglob("*.parquet"))
    exchanges = document["world"]["exchanges"]
    return {
        "scale": scale,
        "workers": workers,
        "prompts": prompts,
        "exchanges": exchanges,
        "seconds": round(wall, 2),
        "exchanges_per_second": round(exchanges / wall),
        "processor_microseconds_per_exchange": round(processor / exchanges * 1e6, 2),
        "bytes_per_exchange": round(size / exchanges, 1),
        "peak_megabytes": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a world of half a million exchanges")
    parser.add_argument("--scale", type=float, default=0.02)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    measure(0.0001, given.workers, True)  # compiles the kernels, which are then kept on disk
    scale = 0.005 if given.quick else given.scale
    results = [measure(scale, given.workers, prompts) for prompts in (True, False)]
    for result in results:
        print(result)
    print(
        f"target with text: {TARGET:,} exchanges a second; got "
        f"{results[0]['exchanges_per_second'] / TARGET:.2f} of it"
    )
    if given.json:
        given.json.write_text(json.dumps({"target": TARGET, "results": results}, indent=2) + "\n")


if __name__ == "__main__":
    main()
