"""Figures that take long: kept until something happens, and made anew behind the calls that show them."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from stillwatch.errors import StillwatchError

LOG = logging.getLogger("stillwatch.console")
T = TypeVar("T")
PATIENCE_S = 0.15
"""Seconds that a call waits for figures that are being made."""
OLDEST_S = 60.0
"""Seconds after which they are made anew, unless told otherwise: deadlines pass by themselves."""
REST = 10.0
"""How many times as long as they took is waited before they are made again: others need the processor."""


class KeptFigures(Generic[T]):
    """Figures of a store, with the number of the last event that they know. Threads share it."""

    def __init__(self, make: Callable[[], T], last: Callable[[], int], *, oldest: float = OLDEST_S) -> None:
        """make: makes them; last: tells the number of the last event, quickly; oldest: seconds after which
        they are made anew although nothing happened.
        """
        self._make, self._last, self._oldest = make, last, oldest
        self._lock = threading.Lock()
        self._found: T | None = None
        self._seq, self._made, self._took = -1, 0.0, 0.0
        self._running: threading.Thread | None = None

    def now(self, now: float) -> tuple[T | None, float | None]:
        """Return the figures and when they were made, POSIX seconds; those of before while new ones are being
        made, None while there are none.
        """
        seq = self._last()
        with self._lock:
            fresh = self._seq == seq and now - self._made < self._oldest
            if self._running is None and not fresh and now - self._made >= self._took * REST:
                self._running = threading.Thread(target=self._work, name="stillwatch-figures", daemon=True)
                self._running.start()
            running = self._running
        if running is not None:
            running.join(PATIENCE_S)
        with self._lock:
            return self._found, self._made if self._found is not None else None

    def _work(self) -> None:
        began = time.time()
        try:
            seq = self._last()
            found = self._make()
        except StillwatchError as error:
            LOG.warning("figures could not be made: %s", error)
        else:
            with self._lock:
                self._found, self._seq, self._made = found, seq, began
        finally:
            with self._lock:
                self._took = time.time() - began
                self._running = None
