"""Journals of replicas that share no folder, brought together through a Valkey or Redis server.

The server holds one list: entry number n stands at place n - 1. Nobody needs to trust it. Entries are chained
and signed, so whoever can write there can delay a decision of a person, and can neither make one nor change
it; and the head of the journal stands in each signed snapshot, so that a replica knows that it lacks some.
"""

from __future__ import annotations

import json
from typing import Any

from stillwatch.errors import StillwatchError
from stillwatch.guard.journal import Journal
from stillwatch.guard.journal_entry import Entry, entry_of
from stillwatch.guard.problems import Problems
from stillwatch.guard.state_folder import StateFolder
from stillwatch.guard.state_keys import Verifier

AT_ONCE = 500
"""Entries that go over the wire together."""
LONGEST_LINE = 4 << 20
"""Bytes of a line that is looked at; no entry is so long."""
PUSH = """
if redis.call('LLEN', KEYS[1]) ~= tonumber(ARGV[1]) then return 0 end
for place = 2, #ARGV do redis.call('RPUSH', KEYS[1], ARGV[place]) end
return 1
"""
"""Add entries if the list is as long as it was: two replicas may do it at once."""
CUT = """
if redis.call('LINDEX', KEYS[1], tonumber(ARGV[1])) ~= ARGV[2] then return 0 end
if tonumber(ARGV[1]) == 0 then return redis.call('DEL', KEYS[1]) end
redis.call('LTRIM', KEYS[1], 0, tonumber(ARGV[1]) - 1)
return 1
"""
"""Remove what is no entry, and what follows it, if it still stands there."""


class JournalMirror:
    """One replica's end of it."""

    def __init__(
        self, client: Any, name: str, folder: StateFolder, verifier: Verifier, problems: Problems
    ) -> None:
        """client: of package redis. name: of the state among those that share the server."""
        self._client, self._key = client, f"stillwatch:{{{name}}}:journal"
        self._folder, self._verifier, self._problems = folder, verifier, problems
        self._push, self._cut = client.register_script(PUSH), client.register_script(CUT)
        self._journal: Journal | None = None

    def sync(self) -> None:
        """Take over what others have, and hand on what they lack. It never raises: what goes wrong is
        counted, and the next call tries again.
        """
        import redis

        try:
            journal = self._opened()
            there, (ours, _) = int(self._client.llen(self._key)), journal.head()
            if there and ours and not self._agrees(journal, min(there, ours)):
                return
            if there > ours:
                self._take(journal, ours)
            elif ours > there:
                self._give(journal, there)
        except redis.RedisError as error:
            self._problems.add("mirror-unreachable", type(error).__name__)
        except (StillwatchError, OSError) as error:
            self._problems.add("mirror-journal", str(error))

    def close(self) -> None:
        """Close the journal; the client is its owner's."""
        if self._journal is not None:
            self._journal.close()
            self._journal = None

    def _opened(self) -> Journal:
        if self._journal is None:
            self._journal = Journal(self._folder.journal, self._verifier)
        return self._journal

    def _agrees(self, journal: Journal, place: int) -> bool:
        """Whether the server's entry is ours; if not, it is removed there with all that follows: ours are
        signed, and a chain has one entry for a place.
        """
        told = self._client.lindex(self._key, place - 1)
        if told == journal.entries(place - 1, 1)[0].line():
            return True
        self._forged(place - 1, told)
        return False

    def _take(self, journal: Journal, ours: int) -> None:
        while lines := self._client.lrange(self._key, ours, ours + AT_ONCE - 1):
            found = list(map(_read, lines))
            usable = found[: found.index(None)] if None in found else found
            taken = journal.adopt(entry for entry in usable if entry is not None)
            ours += taken
            if taken < len(lines):
                self._forged(ours, lines[taken])
                return

    def _give(self, journal: Journal, there: int) -> None:
        while entries := journal.entries(there, AT_ONCE):
            if not self._push(keys=[self._key], args=[there, *(entry.line() for entry in entries)]):
                return
            there += len(entries)

    def _forged(self, place: int, line: bytes | None) -> None:
        self._problems.add("mirror-forged", f"the server's entry {place + 1} is not one of this journal")
        if line is not None:
            self._cut(keys=[self._key], args=[place, line])


def _read(line: bytes) -> Entry | None:
    if len(line) > LONGEST_LINE:
        return None
    try:
        row = json.loads(line)
        return entry_of(row) if isinstance(row, dict) else None
    except (ValueError, RecursionError):
        return None
