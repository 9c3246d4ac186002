"""A small file read whole: never more than its limit, and never a wait without an end."""

from __future__ import annotations

import os
import select
import stat
from pathlib import Path

from stillwatch.errors import StillwatchError

PATIENCE = 10.0
"""Seconds that a pipe may stay silent."""
CHUNK = 1 << 16


def read_small(path: Path, most: int, *, what: str, error: type[StillwatchError], do: str) -> bytes:
    """The bytes of a file, at most `most`.

    what: the file in a message, as "settings file". do: what to do if it is not there. Raises `error` for a
    file that cannot be read, that is larger (a device such as /dev/zero has no end), or a pipe into which
    nothing is written.
    """
    try:
        return _read(path, most, what, error)
    except OSError as fault:
        raise error(
            f"the {what} cannot be read: {fault.strerror or fault}", where=str(path), do=do
        ) from fault
    except ValueError as fault:  # a null character in the path
        raise error(
            f"the {what} cannot be read: its name is no path", where=repr(str(path)), do=do
        ) from fault


def _read(path: Path, most: int, what: str, error: type[StillwatchError]) -> bytes:
    # Without O_NONBLOCK, opening a pipe that nobody writes to waits for ever.
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        pipe = stat.S_ISFIFO(os.fstat(handle).st_mode)
        found: list[bytes] = []
        size = 0
        while size <= most:
            if pipe and not select.select([handle], [], [], PATIENCE)[0]:
                raise error(
                    f"the {what} is a pipe, and nothing came through it for {PATIENCE:g} seconds",
                    where=str(path),
                    do="write into the pipe, or give a file",
                )
            piece = os.read(handle, CHUNK)
            if not piece:
                return b"".join(found)
            found.append(piece)
            size += len(piece)
    finally:
        os.close(handle)
    raise error(
        f"the {what} is larger than {most:,} bytes", where=str(path), do=f"give the {what}, not another file"
    )
