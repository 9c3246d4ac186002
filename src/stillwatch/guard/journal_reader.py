"""Follows a journal: reads what is new, checks it, and keeps what it says in force."""

from __future__ import annotations

import os
from pathlib import Path

from stillwatch.errors import StillwatchError
from stillwatch.guard.journal import Journal
from stillwatch.guard.journal_entry import FIRST, Entry, Kind
from stillwatch.guard.overlay import Overlay, overlay_of
from stillwatch.guard.problems import Problems
from stillwatch.guard.state_keys import Verifier

SURE_S = 60.0
"""Seconds by the machine's own count that an entry must have been over before it is over for good. A clock
that jumps forward for less than this ends nothing, and one that jumps back later revives nothing.
"""


class JournalReader:
    """The journal as one guard follows it."""

    def __init__(self, path: Path, verifier: Verifier, problems: Problems) -> None:
        self.overlay = Overlay()
        """What the journal says."""
        self.reachable = False
        """Whether the last try read it, and it goes on from what was read before."""
        self._path, self._verifier, self._problems = path, verifier, problems
        self._journal: Journal | None = None
        self._file: tuple[int, int] | None = None
        self._changes = -1
        self._entries: list[Entry] = []
        self._over: set[int] = set()
        self._past: dict[int, float] = {}

    @property
    def entries(self) -> int:
        """How many entries are known."""
        return len(self._entries)

    @property
    def read(self) -> tuple[Entry, ...]:
        """The entries that are known and hold, the oldest first."""
        return tuple(self._entries)

    def has(self, seq: int, digest: str) -> bool:
        """Return whether it holds an entry with this hash at this place. seq: 0 for the empty journal."""
        return seq == 0 or (seq <= len(self._entries) and self._entries[seq - 1].hash == digest)

    def poll(self, now: float, ticks: float) -> None:
        """Read what is new. now: POSIX seconds; ticks: seconds of a clock that never jumps."""
        known = len(self._entries)
        try:
            self._read()
            self.reachable = True
        except (StillwatchError, OSError) as error:
            self.reachable = False
            self._problems.add("journal-unreadable", str(error))
            self._close()
        if self._swept(now, ticks) or len(self._entries) > known:
            self.overlay = overlay_of(self._entries, self._over)

    def close(self) -> None:
        """Close the file."""
        self._close()

    def _read(self) -> None:
        journal = self._opened()
        if journal is None:
            return
        changes = journal.changes()
        if changes == self._changes:
            return
        last = self._entries[-1].hash if self._entries else FIRST
        found, fault = journal.checked(len(self._entries), last)
        self._entries += found
        if fault:
            raise StillwatchError(f"{fault}; it and what follows are not used", where=str(self._path))
        if journal.head()[0] < len(self._entries):
            raise StillwatchError("the journal lost entries that were read before", where=str(self._path))
        self._changes = changes

    def _opened(self) -> Journal | None:
        """The journal, opened anew where another file took its name; None where there never was one."""
        try:
            about = os.stat(self._path)
        except FileNotFoundError as error:
            self._close()
            if self._entries:
                raise StillwatchError("the journal is gone", where=str(self._path)) from error
            return None
        if self._journal is None or (about.st_dev, about.st_ino) != self._file:
            self._close()
            self._journal = Journal(self._path, self._verifier)
            self._file, self._changes = (about.st_dev, about.st_ino), -1
        return self._journal

    def _close(self) -> None:
        if self._journal is not None:
            self._journal.close()
        self._journal, self._file, self._changes = None, None, -1

    def _swept(self, now: float, ticks: float) -> bool:
        """Whether entries ended for good since the last time."""
        before = len(self._over)
        for entry in self._entries:
            if entry.expires is None or entry.seq in self._over or entry.kind is Kind.END:
                continue
            if now < entry.expires:
                self._past.pop(entry.seq, None)
            elif ticks - self._past.setdefault(entry.seq, ticks) >= SURE_S:
                self._over.add(entry.seq)
        return len(self._over) > before
