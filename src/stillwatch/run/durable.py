"""Files that are on the disk when we say so, and that only their owner may read."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

FILE, FOLDER = 0o600, 0o700
"""Rights of what a run is made of: its tables tell who sent what and when."""


def sync(path: Path) -> None:
    """Wait until a file's content, or a folder's list of names, is on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def seal(folder: Path) -> None:
    """Make everything below a folder, and itself, private and durable."""
    for place, _, files in os.walk(folder, topdown=False):
        for file in files:
            path = Path(place, file)
            if not path.is_symlink():
                path.chmod(FILE)
                sync(path)
        os.chmod(place, FOLDER)
        sync(Path(place))


@contextlib.contextmanager
def placed(path: Path) -> Iterator[BinaryIO]:
    """A private file to write, aside; at the end it is forced to the disk and gets its name. Raises OSError,
    and then leaves nothing behind, as it does where the block raises.
    """
    part = path.with_name(f".{path.name}.part")
    part.unlink(missing_ok=True)
    try:
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE)
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(handle)
        os.replace(part, path)
        sync(path.parent)
    except BaseException:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        raise


def write_bytes(path: Path, data: bytes) -> None:
    """Write a private file as `placed` does."""
    with placed(path) as file:
        file.write(data)


def write_text(path: Path, text: str) -> None:
    """Write a private file in UTF-8 as `placed` does."""
    write_bytes(path, text.encode("utf-8"))
