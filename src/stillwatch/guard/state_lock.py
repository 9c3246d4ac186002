"""One publisher of a state at a time: a lock that ends with the process that holds it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator

from stillwatch.errors import RunError
from stillwatch.guard.state_folder import StateFolder

AGAIN_S = 0.05
"""Seconds between two tries."""


@contextlib.contextmanager
def writing_state(folder: StateFolder, wait_s: float) -> Iterator[None]:
    """Hold the lock. wait_s: seconds to wait for another process. Raises RunError where it has it longer, and
    where the folder cannot be locked.
    """
    try:
        handle = os.open(folder.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise RunError(
            f"the state cannot be locked: {error.strerror}",
            where=str(folder.lock),
            do="choose a folder where you may write",
        ) from error
    try:
        _take(handle, folder, time.monotonic() + wait_s)
        yield
    finally:
        # The file stays: removing it would let two processes lock two files of one name.
        os.close(handle)


def _take(handle: int, folder: StateFolder, until: float) -> None:
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() >= until:
                raise RunError(
                    "another process is publishing into this state; nothing was changed",
                    where=str(folder.path),
                    do="try again when it has ended",
                ) from error
            time.sleep(AGAIN_S)
        else:
            return
