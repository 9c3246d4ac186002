"""Folders that cost much to make: made once in a session of tests, however many processes share its tests."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """A folder that the first process which needs it makes, while the others wait. Nobody may write into it
    afterwards.
    """
    own = factory.getbasetemp()
    # pytest-xdist gives each of its processes a folder inside that of the session.
    shared = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "made once"
    shared.mkdir(exist_ok=True)
    folder, whole = shared / name, shared / f"{name}.whole"
    with (shared / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not whole.exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            make(folder)
            whole.touch()
    return folder
