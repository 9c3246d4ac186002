"""The door to playbooks over what the console shows: its newest run, its state, its cases."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from weakref import WeakKeyDictionary

from stillwatch.cases.outbox.queue import queue
from stillwatch.console.kept_figures import KeptFigures
from stillwatch.console.seen import Doors
from stillwatch.intel.desk.sharing_seen import looks_at
from stillwatch.playbooks.playbooks import Playbooks
from stillwatch.playbooks.readiness import Readiness

SIDE = "STILLWATCH_SIDE"
"""Names the folder of the member's side of a hub."""
GOOD_FOR_S = 600.0
"""Seconds for which a page shows what readiness was found last; to look again is an act."""
MOST_KEPT = 16


class PlaybookDesk:
    """One door for each store, run and state, so that what was found last is kept. Threads may share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._looking = threading.Lock()
        self._ready: WeakKeyDictionary[Playbooks, KeptFigures[Readiness]] = WeakKeyDictionary()
        self._doors: dict[tuple[int, Path | None, Path | None], tuple[Doors, Playbooks]] = {}

    def of(self, doors: Doors) -> Playbooks:
        """Return the door over the newest run that there is now."""
        found = doors.runs.all()
        run = found[0][0] if found else None
        key = (id(doors), run, doors.state)
        with self._lock:
            if key not in self._doors:
                while len(self._doors) >= MOST_KEPT:
                    self._doors.pop(next(iter(self._doors)))
                made = Playbooks(
                    doors.cases,
                    run=run,
                    state=doors.state,
                    settings=doors.settings,
                    tell=queue,
                    sharing=looks_at(doors.shared, _side(), doors.cases),
                )
                # The doors are kept with it: another object would have the same id once these are gone.
                self._doors[key] = (doors, made)
            return self._doors[key][1]

    def readiness(self, doors: Doors) -> Readiness:
        """Look at what the operator has and has not; one call looks at a time."""
        playbooks = self.of(doors)
        with self._looking:
            return playbooks.readiness()

    def last_readiness(self, doors: Doors, now: float) -> Readiness | None:
        """Return what was found last; None while nobody has looked yet. Every check takes its time, the whole
        audit too, so it is looked for behind the calls that show it.
        """
        playbooks = self.of(doors)
        with self._lock:
            kept = self._ready.setdefault(
                playbooks,
                KeptFigures(lambda: self._last_of(playbooks), lambda: 0, oldest=GOOD_FOR_S),
            )
        found, _ = kept.now(now)
        return playbooks.last or found

    def _last_of(self, playbooks: Playbooks) -> Readiness:
        with self._looking:
            return playbooks.readiness(within=GOOD_FOR_S)


def _side() -> Path | None:
    named = os.environ.get(SIDE)
    return Path(named) if named else None


DESK = PlaybookDesk()
