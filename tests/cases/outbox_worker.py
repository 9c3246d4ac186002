"""A deliverer that is killed: for each line of input one delivers in a process of its own, for so long."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

from stillwatch.cases.database import Database
from stillwatch.cases.outbox.channels_file import read_channels
from stillwatch.cases.outbox.deliverer import deliver


def at_work(place: str, file: str) -> None:
    """Deliver without an end."""
    with Database(place) as database:
        channels = read_channels(Path(file))
        while True:
            deliver(database, channels)


def main(place: str, file: str) -> None:
    """Say when each is dead."""
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            at_work(place, file)
        time.sleep(float(line))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        print("killed", flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
