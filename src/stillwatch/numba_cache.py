"""Where compiled kernels are kept: beside the code or in the user's cache, as Numba does, else in a folder
for temporary files.

Numba refuses to compile where neither can be written, as in a container with a read-only installation and no
home.
"""

from __future__ import annotations

import atexit
import os
import shutil
import stat
import sys
import tempfile
from pathlib import Path

VARIABLE = "NUMBA_CACHE_DIR"
fallback: str = ""
"""The folder for temporary files that was chosen; empty: none was needed."""


def choose(package: Path) -> None:
    """Name a folder to Numba where its own choice would fail. Anything written there is our user's alone:
    what is loaded from a cache is run.
    """
    global fallback
    if os.environ.get(VARIABLE) or any(map(_may_write, (package / "__pycache__", *_user_caches()))):
        return
    folder = _kept() or _temporary()
    if folder is None:
        return
    fallback = os.environ[VARIABLE] = str(folder)
    if "numba" in sys.modules:  # it has read the environment already
        sys.modules["numba"].config.CACHE_DIR = fallback


def _user_caches() -> list[Path]:
    """Where Numba keeps what it compiled for a user (Linux, macOS)."""
    try:
        home = Path.home()
    except RuntimeError:
        return []
    return [Path(os.environ.get("XDG_CACHE_HOME", home / ".cache")) / "numba", home / "Library/Caches/numba"]


def _may_write(folder: Path) -> bool:
    """Whether a folder can be written, or made."""
    try:
        there = next(path for path in (folder, *folder.parents) if path.exists())
    except OSError:
        return False
    return there.is_dir() and os.access(there, os.W_OK | os.X_OK)


def _kept() -> Path | None:
    """A folder of this user that the next command finds again; None where somebody else may write there."""
    try:
        folder = Path(tempfile.gettempdir()) / f"stillwatch-{os.getuid()}"
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
    except (OSError, AttributeError):
        return None
    ours = stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not found.st_mode & 0o077
    return folder if ours else None


def _temporary() -> Path | None:
    """A folder that goes with this process; None where nothing can be written at all."""
    try:
        folder = tempfile.mkdtemp(prefix="stillwatch-numba-")
    except OSError:
        return None
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)
