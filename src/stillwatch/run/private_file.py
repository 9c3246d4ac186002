"""A file of a database, private from the start: SQLite makes its files with the rights of the process."""

from __future__ import annotations

import errno
import os
import threading
from pathlib import Path

from stillwatch.run.durable import FILE

_LOCK = threading.Lock()


def make_private(path: Path) -> None:
    """Make a file that only its owner may read, unless it is there. Raises OSError for a link, for a folder,
    and for a file that may not be read and written.

    A file that is there is not opened: when a process closes any handle of a file, it loses all its locks on
    it (POSIX.1-2017, fcntl). Of a database that is in use that takes away what keeps other processes from
    deleting its log, and what is written afterwards is lost (https://www.sqlite.org/howtocorrupt.html, 2.2).
    """
    # Nobody may use the file between its making and the closing of this handle either.
    with _LOCK:
        try:
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, FILE))
        except FileExistsError:
            if path.is_symlink():
                raise _error(errno.ELOOP, path) from None
            if path.is_dir():
                raise _error(errno.EISDIR, path) from None
            if not os.access(path, os.R_OK | os.W_OK):
                raise _error(errno.EACCES, path) from None


def _error(number: int, path: Path) -> OSError:
    return OSError(number, os.strerror(number), str(path))
