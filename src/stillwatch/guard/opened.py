"""A guard with its state open: what the service and the gateways' adapters are handed."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from stillwatch.guard.decide import Guard
from stillwatch.guard.service_settings import ServiceConfig


@dataclass(frozen=True, slots=True)
class Health:
    """How a guard is, for readiness and metrics."""

    fresh: bool
    """Whether the state may be decided on."""
    age_s: float = math.nan
    """Seconds since the snapshot was made; NaN where there is none."""
    budgets: str = "embedded"
    """Where the budgets are: embedded, shared, or alone (shared ones whose server cannot be reached)."""
    problems: Mapping[str, int] = field(default_factory=dict)
    """How often each kind of problem occurred."""
    waiting: int = 0
    """Records that are not written yet."""
    lost: int = 0
    """Records that were given up."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A guard over an open state."""

    guard: Guard
    """Decides."""
    health: Callable[[float], Health]
    """Returns how it is at a time in POSIX seconds."""
    close: Callable[[], None]
    """Writes what waits, and ends."""
    cohort_key: bytes = b""
    """The key under which servers are told of cohorts."""


class Opener(Protocol):
    """Opens a state; called in each process of the service."""

    def __call__(self, state: Path, config: ServiceConfig) -> Opened:
        """Raises StillwatchError for a state that cannot be used at all; a stale one is opened."""
        ...
