"""How much one may ask: counts that fill up again, in the memory of one process."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

MOST_NAMES = 100_000
"""Names that are remembered; the one not seen for longest is forgotten first."""


class Allowance:
    """A number of units for each name, filled up evenly over a period. Threads may share it."""

    def __init__(self, units: float, period_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        """units: what a name has in a period of so many seconds."""
        self._units = units
        self._rate = units / period_s
        self._clock = clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, name: str, units: float = 1.0) -> float:
        """Take units of a name; return 0, or the seconds to wait where it has too few left."""
        with self._lock:
            left = self._now(name)
            wait = max(0.0, (min(units, self._units) - left) / self._rate)
            self._keep(name, left if wait else left - units)
            return wait

    def spend(self, name: str, units: float = 1.0) -> None:
        """Take units of a name, also where it has too few left."""
        with self._lock:
            self._keep(name, max(self._now(name) - units, -self._units))

    def wait(self, name: str) -> float:
        """Return 0, or the seconds until a name has a unit again; nothing is taken."""
        with self._lock:
            return max(0.0, (1.0 - self._now(name)) / self._rate)

    def _now(self, name: str) -> float:
        left, since = self._left.get(name, (self._units, self._clock()))
        return min(self._units, left + (self._clock() - since) * self._rate)

    def _keep(self, name: str, left: float) -> None:
        self._left[name] = (left, self._clock())
        self._left.move_to_end(name)
        if len(self._left) > MOST_NAMES:
            self._left.popitem(last=False)
