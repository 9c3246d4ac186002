"""What goes wrong inside a guard that goes on: counted by kind, for metrics."""

from __future__ import annotations

import threading
from collections import Counter


class Problems:
    """A counter of each kind. A kind is one of a few fixed words, never text of a request."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()
        self._last: dict[str, str] = {}

    def add(self, kind: str, what: str = "") -> None:
        """Count one. what: a sentence for whoever runs the guard."""
        with self._lock:
            self._counts[kind] += 1
            self._last[kind] = what

    def counts(self) -> dict[str, int]:
        """Return how often each kind occurred."""
        with self._lock:
            return dict(self._counts)

    def last(self) -> dict[str, str]:
        """Return the sentence of the last of each kind."""
        with self._lock:
            return dict(self._last)
