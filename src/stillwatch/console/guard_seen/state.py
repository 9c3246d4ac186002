"""The guard's state as pages see it: opened once, and looked at again when a page asks."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from stillwatch.console.guard_seen.recent import Recent
from stillwatch.console.not_there import NotThere
from stillwatch.console.seen import Doors
from stillwatch.guard.journal_entry import Entry, Kind
from stillwatch.guard.published import PublishedState
from stillwatch.guard.state_folder import StateFolder, state_at
from stillwatch.guard.state_keys import LookupKey, lookup_key
from stillwatch.response.compiled import Standing
from stillwatch.response.in_force import LOG
from stillwatch.response.policy_store import PolicyStore
from stillwatch.response.stages import Move

LOOK_S = 1.0
"""Seconds after which the folder is looked at again."""


@dataclass
class StateSeen:
    """One state. Threads share it."""

    folder: StateFolder
    """Where it is."""
    published: PublishedState
    """Snapshot and journal."""
    recent: Recent
    """The newest decisions."""
    looked: float
    """When it was last looked at, by a clock that never jumps."""
    _standings: tuple[tuple[int, int, int], list[tuple[Move, Standing]]] | None = None

    @cached_property
    def lookup(self) -> LookupKey:
        """The key under which accounts are looked up."""
        return lookup_key(self.folder.keys)

    @cached_property
    def policy(self) -> PolicyStore:
        """The policies of the state."""
        return PolicyStore(self.folder.path)

    def standings(self) -> list[tuple[Move, Standing]]:
        """Return where each version of a rule stands; read again only after something moved. Raises
        PolicyError.
        """
        try:
            about = (self.policy.folder / LOG).stat()
            mark = (about.st_ino, about.st_size, about.st_mtime_ns)
        except FileNotFoundError:
            mark = (0, 0, 0)
        if self._standings is None or self._standings[0] != mark:
            self._standings = (mark, self.policy.standings())
        return self._standings[1]

    @property
    def entries(self) -> tuple[Entry, ...]:
        """What people decided, the oldest first."""
        return self.published.decided

    def key_of(self, shown: str) -> int:
        """Return the key of an account. shown: its id as runs keep it."""
        return self.lookup.account(shown)

    def ended(self) -> Mapping[int, Entry]:
        """Return the entries that were taken back, by number, with the entry that did it."""
        return {int(entry.about[1]): entry for entry in self.entries if entry.kind is Kind.END}


_LOCK = threading.Lock()
_OPEN: dict[Path, StateSeen] = {}


def state_seen(doors: Doors) -> StateSeen | None:
    """Return the guard's state as it is now; None where the console was given none. Raises RunError where
    there is no state, or its keys cannot be read.
    """
    if doors.state is None:
        return None
    path = doors.state.resolve()
    with _LOCK:
        found = _OPEN.get(path)
        if found is None:
            folder = state_at(path)
            found = StateSeen(
                folder, PublishedState(path, watch=False), Recent(folder.records), time.monotonic()
            )
            _OPEN[path] = found
        elif time.monotonic() - found.looked >= LOOK_S:
            found.looked = time.monotonic()
            found.published.refresh()
    return found


def state_there(doors: Doors) -> StateSeen:
    """Return the guard's state. Raises NotThere where the console was given none."""
    found = state_seen(doors)
    if found is None:
        raise NotThere(
            "the console shows no guard", where="--state", do="start `stillwatch serve --state STATE`"
        )
    return found


def look_again(doors: Doors) -> None:
    """Let the next page see what was just written."""
    with _LOCK:
        if doors.state is not None and (found := _OPEN.get(doors.state.resolve())) is not None:
            found.looked = 0.0
