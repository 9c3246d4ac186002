"""Notes on fields that were cut or left out while their rows were kept.

Functions that read a field never lose the row for it: they take what can be read, and note the rest. Who
reads a file takes the notes, and counts them.
"""

from __future__ import annotations

import threading
from collections import Counter


class _Noted(threading.local):
    def __init__(self) -> None:
        self.found: Counter[tuple[str, str]] = Counter()


_noted = _Noted()


def note(column: str, reason: str, count: int = 1) -> None:
    """Note a field that was mended: its column, and the reason in words that show nothing of it."""
    _noted.found[column, reason] += count


def give_back(notes: Counter[tuple[str, str]]) -> None:
    """Put notes back that were taken, to be counted later."""
    _noted.found.update(notes)


def take_notes() -> Counter[tuple[str, str]]:
    """Return how often each was noted in this thread since the last call."""
    found, _noted.found = _noted.found, Counter()
    return found
