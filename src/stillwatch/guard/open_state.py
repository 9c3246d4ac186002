"""Opens a published state for the service."""

from __future__ import annotations

from pathlib import Path

from stillwatch.errors import RunError
from stillwatch.guard.opened import Opened
from stillwatch.guard.service_settings import ServiceConfig


def open_state(state: Path, config: ServiceConfig) -> Opened:
    """Return the guard over a published state. Raises RunError where there is none."""
    raise RunError("there is no published state", where=str(state), do="publish a run to it first")
