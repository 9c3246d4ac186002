"""Files below a folder, in sorted order; what is not read there is said."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

from stillwatch.errors import InputError

SIDE_FILES = ("_SUCCESS", "_metadata", "_common_metadata", "_delta_log", "_temporary", "__MACOSX")
"""What table formats and archivers leave beside the data."""
SYSTEM = ("Thumbs.db", "desktop.ini")
KINDS = (
    (stat.S_ISFIFO, "a pipe: name it on the command line to read it"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)
Say = Callable[[str], None]


def hidden(name: str) -> bool:
    """Return whether a file or folder of this name is left out."""
    return name.startswith((".", *SIDE_FILES)) or name in SYSTEM


def walk(folder: Path, say: Say) -> Iterator[Path]:
    """Return regular files in sorted order; hidden ones are left out.

    A linked folder is followed once. say: told of links followed or left out, and of what is no file. Raises
    InputError for a folder that may not be read.
    """
    yield from sorted(_below(folder, say, {_identity(folder)}))


def _below(folder: Path, say: Say, seen: set[tuple[int, int]]) -> Iterator[Path]:
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        raise InputError(
            f"the folder cannot be read: {error.strerror}",
            where=str(folder),
            do="check its permissions, or name the files to read",
        ) from error
    folders = []
    for entry in entries:
        if hidden(entry.name):
            continue
        path = Path(entry.path)
        try:
            found = entry.stat()
        except OSError as error:
            if not entry.is_symlink():
                raise InputError(
                    f"the file cannot be read: {error.strerror}", where=str(path), do="check its permissions"
                ) from error
            say(f"left out, since it links to nothing that can be read: {path}")
            continue
        if stat.S_ISREG(found.st_mode):
            yield path
        elif stat.S_ISDIR(found.st_mode):
            folders.append((path, (found.st_dev, found.st_ino), entry.is_symlink()))
        else:
            what = next((told for is_kind, told in KINDS if is_kind(found.st_mode)), "no file")
            say(f"left out, since it is {what}: {path}")
    # Folders that are no links come first, so that a link to one of them does not take its name.
    for path, identity, linked in sorted(folders, key=lambda item: item[2]):
        if identity in seen:
            say(f"left out, since it links to a folder that is read already: {path}")
            continue
        seen.add(identity)
        if linked:
            say(f"followed the linked folder {path}")
        yield from _below(path, say, seen)


def _identity(folder: Path) -> tuple[int, int]:
    found = folder.stat()
    return found.st_dev, found.st_ino
