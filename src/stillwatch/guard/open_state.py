"""Opens a published state for the service."""

from __future__ import annotations

from pathlib import Path

from stillwatch.errors import RunError
from stillwatch.guard.decide import Failure
from stillwatch.guard.opened import Opened


def open_state(state: Path, failure: Failure) -> Opened:
    """Return the guard over a published state. Raises RunError where there is none."""
    raise RunError("there is no published state", where=str(state), do="publish a run to it first")
