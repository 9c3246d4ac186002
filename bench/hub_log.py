"""The hub's log at a size: what an entry, a proof and a checkpoint cost. `python bench/hub_log.py [ENTRIES]`."""

from __future__ import annotations

import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from stillwatch.cases.database import Database
from stillwatch.intel.hub import log, merkle
from stillwatch.intel.hub.hub import init
from stillwatch.intel.hub.log_check import checked

AT_ONCE = 10_000
"""Entries of one transaction while the log is filled."""
TRIES = 200


def main(entries: int) -> None:
    """Fill a log and measure."""
    dice = random.Random(1)
    with tempfile.TemporaryDirectory() as folder, Database(Path(folder, "HUB.db")) as database:
        hub = init(database, "bench.example", Path(folder, "key"))
        begun = time.perf_counter()
        for start in range(0, entries, AT_ONCE):
            with database.writing() as session:
                for number in range(start, min(start + AT_ONCE, entries)):
                    log.witness(session, "object.read", None, {"count": number})
        print(f"filled: {entries / (time.perf_counter() - begun):,.0f} entries/s")
        with database.writing() as session:
            shown("one entry more", lambda: log.witness(session, "object.read", None, {"count": 1}))
        with database.reading() as session:
            size = log.size_of(session)
            shown("root", lambda: log.root_of(session, size))
            shown("inclusion proof", lambda: log.inclusion(session, dice.randrange(size), size))
            shown("consistency proof", lambda: log.consistency(session, dice.randrange(1, size), size))
            shown("200 entries", lambda: log.entries(session, dice.randrange(size), 200, None))
            index = dice.randrange(size)
            leaf = log.entries(session, index, 1, None)[0].hash
            path = log.inclusion(session, index, size)
            assert merkle.included(leaf, index, size, path, log.root_of(session, size))
        begun = time.perf_counter()
        hub.checkpoint()
        found = checked(hub)
        assert not found.faults
        print(f"checked: {found.entries / (time.perf_counter() - begun):,.0f} entries/s")
        print(f"size: {Path(folder, 'HUB.db').stat().st_size / entries:,.0f} bytes an entry")


def shown(what: str, work: Callable[[], object]) -> None:
    """Print the median and the worst of many tries."""
    times = []
    for _ in range(TRIES):
        begun = time.perf_counter()
        work()
        times.append(time.perf_counter() - begun)
    times.sort()
    print(f"{what}: median {times[TRIES // 2] * 1e3:.2f} ms, worst {times[-1] * 1e3:.2f} ms")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000)
