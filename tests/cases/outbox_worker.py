"""A deliverer that is killed: for each "go" one delivers in a process of its own, for the time told next."""

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
        with database.reading():
            print("ready", flush=True)
        while True:
            deliver(database, channels)


def main(place: str, file: str) -> None:
    """Say when each is ready, and when it is dead."""
    while sys.stdin.readline():
        child = os.fork()
        if child == 0:
            at_work(place, file)
        time.sleep(float(sys.stdin.readline()))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        print("killed", flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
