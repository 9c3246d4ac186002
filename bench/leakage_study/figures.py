"""What an attack found, with the noise of the machine."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One figure of one attack."""

    attack: str
    """What was tried."""
    what: str
    """What the figure is."""
    value: float
    """It; the median where it was measured several times."""
    least: float
    """The smallest that was measured."""
    most: float
    """The largest."""
    unit: str
    """Its unit."""


def once(attack: str, what: str, value: float, unit: str) -> Figure:
    """A figure that no noise of a machine changes."""
    return Figure(attack, what, value, value, value, unit)


def rate(attack: str, what: str, work: Callable[[], int], times: int) -> Figure:
    """Pieces of work in a second of processor time, several times."""
    found: list[float] = []
    for _ in range(times):
        began = time.process_time()
        done = work()
        found.append(done / (time.process_time() - began))
    return Figure(attack, what, statistics.median(found), min(found), max(found), "a second and core")
