"""Two folders exchanged in one step, so that a reader finds the one or the other, and never none."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

AT_FDCWD, RENAME_EXCHANGE = -100, 2
"""From Linux's fcntl.h and fs.h."""


def exchange(one: Path, other: Path) -> bool:
    """Exchange the names of two folders of one file system; False where the system or the file system cannot.

    renameat2(2) of Linux 3.15; Python has no name for it.
    """
    try:
        renameat2 = ctypes.CDLL(None, use_errno=True).renameat2
    except (AttributeError, OSError):
        return False
    done: int = renameat2(AT_FDCWD, os.fsencode(one), AT_FDCWD, os.fsencode(other), RENAME_EXCHANGE)
    return done == 0
