"""Files that have an end."""

from __future__ import annotations

from pathlib import Path

from stillwatch.errors import InputError


def must_be_a_file(path: Path, wanted: str = "file", *, folder: bool = False) -> None:
    """Raise InputError unless the path is that of a regular file, or of a folder if one will do.

    A device or a pipe may have no end, and can be read only once. wanted: what to give instead, in the
    message.
    """
    try:
        if path.is_file() or (folder and path.is_dir()):
            return
        there = path.exists()
    except (OSError, ValueError):  # a folder on the way that may not be read, a null character
        there = False
    raise InputError(
        f"what stands there is no {wanted}" if there else f"there is no such {wanted}",
        where=str(path),
        do="check the path",
    )
