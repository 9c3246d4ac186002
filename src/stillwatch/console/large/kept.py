"""What was worked out of an open run, kept for as long as the run is open."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from stillwatch.run.reading import Run

T = TypeVar("T")
MOST = 24
"""Things kept of one run; the least used goes first."""
_LOCK = threading.Lock()
_KEPT: WeakKeyDictionary[Run, OrderedDict[Hashable, Any]] = WeakKeyDictionary()


def kept(run: Run, name: Hashable, make: Callable[[], T]) -> T:
    """Return what `make` made of a run before, or makes now. Two threads at once may both make it."""
    with _LOCK:
        mine = _KEPT.setdefault(run, OrderedDict())
        if name in mine:
            mine.move_to_end(name)
            found: T = mine[name]
            return found
    made = make()
    with _LOCK:
        mine[name] = made
        while len(mine) > MOST:
            mine.popitem(last=False)
    return made
