"""Files that are on the disk when we say so, and that only their owner may read."""

from __future__ import annotations

import os
from pathlib import Path

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


def write_text(path: Path, text: str) -> None:
    """Write a private file in UTF-8: aside, to the disk, then renamed. Raises OSError, and then leaves
    nothing behind.
    """
    part = path.with_name(f".{path.name}.part")
    part.unlink(missing_ok=True)
    try:
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE)
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(handle)
        os.replace(part, path)
        sync(path.parent)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
