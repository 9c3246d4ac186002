"""Lets a process end with the one that started it."""

from __future__ import annotations

import os
import threading
from multiprocessing import parent_process
from multiprocessing.connection import wait

from stillwatch.errors import EXIT_FAULT


def end_with_parent() -> None:
    """End this process when the one that started it has ended, whatever ended it; one that nobody of ours
    started goes on.

    A parent that is killed can tell its workers nothing, but it alone holds the other end of this pipe.
    (Linux's PR_SET_PDEATHSIG would tell of the end of the parent's thread, and no other system has it.)
    """
    parent = parent_process()
    if parent is None:
        return

    def wait_and_end() -> None:
        wait([parent.sentinel])
        os._exit(EXIT_FAULT)

    threading.Thread(target=wait_and_end, name="end with parent", daemon=True).start()
