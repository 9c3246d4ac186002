"""The journal: what people decided, in one SQLite file that only grows.

Rows cannot be changed or deleted through SQL, each holds the hash of the one before it, and each is signed,
so that a change by other means is seen. It is written with full synchronisation: an entry that was
acknowledged is on the disk.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from stillwatch.errors import RunError
from stillwatch.guard.journal_entry import (
    FIRST,
    Entry,
    Kind,
    entry_of,
    hash_of,
    must_be_usable,
    whole,
)
from stillwatch.guard.state_keys import Signer, Verifier
from stillwatch.run.private_file import make_private

SCHEMA = """
CREATE TABLE IF NOT EXISTS entries (
  seq INTEGER PRIMARY KEY CHECK (seq > 0),
  time REAL NOT NULL,
  kind TEXT NOT NULL,
  subject TEXT NOT NULL,
  data TEXT NOT NULL,
  actor TEXT NOT NULL,
  reason TEXT NOT NULL,
  expires REAL,
  previous TEXT NOT NULL,
  hash TEXT NOT NULL,
  signature TEXT NOT NULL
) STRICT;
CREATE TRIGGER IF NOT EXISTS no_update BEFORE UPDATE ON entries
  BEGIN SELECT RAISE(ABORT, 'the journal only grows'); END;
CREATE TRIGGER IF NOT EXISTS no_delete BEFORE DELETE ON entries
  BEGIN SELECT RAISE(ABORT, 'the journal only grows'); END;
"""
COLUMNS = "seq, time, kind, subject, data, actor, reason, expires, previous, hash, signature"
INSERT = f"INSERT INTO entries ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
PATIENCE_S = 10.0
"""Seconds to wait for another writer."""
RESTORE = "restore the journal from a copy, and compare it with `stillwatch guard journal --verify`"


@dataclass(frozen=True)
class Verified:
    """The journal, checked."""

    entries: int
    """Entries that hold, from the first on."""
    head: str
    """Hash of the last of them."""
    fault: str
    """What is wrong with the next one; empty if there is none."""


class Journal:
    """The journal of a state. Threads may share it."""

    def __init__(self, path: Path, verifier: Verifier, signer: Signer | None = None) -> None:
        """Open it, or make it. signer: needed by who appends. Raises RunError where it cannot be opened."""
        self.path = path
        self._verifier, self._signer = verifier, signer
        self._lock = threading.RLock()
        with _told(path):
            make_private(path)
            self._db = sqlite3.connect(
                path, timeout=PATIENCE_S, isolation_level=None, check_same_thread=False
            )
            try:
                self._db.execute("PRAGMA journal_mode=WAL")
                self._db.execute("PRAGMA synchronous=FULL")
                self._db.execute("PRAGMA trusted_schema=OFF")
                if not self._db.execute("SELECT 1 FROM sqlite_master WHERE name = 'no_delete'").fetchone():
                    self._db.executescript(SCHEMA)
            except BaseException:
                self._db.close()
                raise

    def append(
        self,
        kind: Kind,
        subject: str,
        *,
        actor: str,
        reason: str,
        data: dict[str, Any] | None = None,
        expires: float | None = None,
        now: float | None = None,
        once: str = "",
    ) -> Entry:
        """Write one entry; it is on the disk when this returns.

        now: POSIX seconds; None: the clock's. once: a key; if an entry has it, that one is returned and
        nothing is written, so that whoever was killed may do all again. Raises SettingError for an entry that
        says too little or means nothing, and RunError where it cannot be written (no key, a full disk);
        nothing is written then.
        """
        data = {**(data or {}), **({"once": once} if once else {})}
        must_be_usable(kind, subject, data, actor, reason, expires)
        if self._signer is None:
            raise RunError(
                "entries are signed, and the signing key is not here",
                where=str(self.path),
                do="write them where the state was published",
            )
        with self._lock, _told(self.path), self._writing():
            if once and (found := self.written_once(once)) is not None:
                return found
            if kind is Kind.END:
                self._must_exist(subject)
            last, previous = self.head()
            moment = float(time.time() if now is None else now)
            ends = None if expires is None else float(expires)
            fields = (last + 1, moment, str(kind), subject, data, actor, reason, ends, previous)
            digest = hash_of(*fields)
            entry = Entry(last + 1, moment, kind, subject, data, actor, reason, ends, previous, digest, "")
            signature = self._signer.sign(entry.signed()).hex()
            entry = replace(entry, signature=signature)
            self._db.execute(INSERT, _row(entry))
        return entry

    def written_once(self, once: str) -> Entry | None:
        """Return the entry that was written under a key; None if there is none."""
        with self._lock, _told(self.path):
            query = f"SELECT {COLUMNS} FROM entries WHERE json_extract(data, '$.once') = ?"
            row = self._db.execute(query, (once,)).fetchone()
        return None if row is None else _entry(row)

    def adopt(self, entries: Iterable[Entry]) -> int:
        """Take over entries that another replica has, in order; returns how many. Those from the first on
        that is not ours, not the next, or not signed are left out. Raises RunError where they cannot be
        written.
        """
        taken = 0
        with self._lock, _told(self.path), self._writing():
            last, previous = self.head()
            for entry in entries:
                if _fault(entry, last + 1, previous, self._verifier):
                    break
                self._db.execute(INSERT, _row(entry))
                last, previous, taken = entry.seq, entry.hash, taken + 1
        return taken

    def entries(self, after: int = 0, most: int = -1) -> list[Entry]:
        """Return the entries with a greater number than `after`, in order, at most `most` (-1: all). Raises
        RunError where they cannot be read.
        """
        with self._lock, _told(self.path):
            query = f"SELECT {COLUMNS} FROM entries WHERE seq > ? ORDER BY seq LIMIT ?"
            return [_entry(row) for row in self._db.execute(query, (after, most))]

    def checked(self, after: int, previous: str) -> tuple[list[Entry], str]:
        """Return the entries after one that is known, as far as they hold, and what is wrong with the next
        one; empty if nothing is.
        """
        found: list[Entry] = []
        for entry in self.entries(after):
            fault = _fault(entry, after + 1, previous, self._verifier)
            if fault:
                return found, fault
            found.append(entry)
            after, previous = entry.seq, entry.hash
        return found, ""

    def verify(self) -> Verified:
        """Check every entry: number, chain, hash and signature."""
        found, fault = self.checked(0, FIRST)
        return Verified(len(found), found[-1].hash if found else FIRST, fault)

    def head(self) -> tuple[int, str]:
        """Return number and hash of the last entry; of an empty journal 0 and FIRST."""
        with self._lock, _told(self.path):
            row = self._db.execute("SELECT seq, hash FROM entries ORDER BY seq DESC LIMIT 1").fetchone()
        return (row[0], row[1]) if row else (0, FIRST)

    def changes(self) -> int:
        """Return a number that changes whenever another connection has written; costs a few microseconds."""
        with self._lock, _told(self.path):
            return int(self._db.execute("PRAGMA data_version").fetchone()[0])

    def close(self) -> None:
        """Close it."""
        with self._lock:
            self._db.close()

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """A transaction that is written as a whole, or not at all."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise

    def _must_exist(self, subject: str) -> None:
        number = subject.partition(":")[2]
        with closing(self._db.execute("SELECT kind FROM entries WHERE seq = ?", (number,))) as found:
            row = found.fetchone() if number.isdecimal() else None
        if row is None or row[0] == Kind.END:
            raise RunError(
                "the journal has no entry of that number that can be taken back",
                where=subject,
                do="see `stillwatch guard journal STATE`",
            )


def _fault(entry: Entry, seq: int, previous: str, verifier: Verifier) -> str:
    if entry.seq != seq:
        return f"entry {seq} is missing"
    if entry.previous != previous:
        return f"entry {seq} does not follow the one before it"
    if not whole(entry):
        return f"entry {seq} was changed"
    if not verifier.holds(bytes.fromhex(entry.signature), entry.signed()):
        return f"entry {seq} is not signed with the state's key"
    return ""


def _row(entry: Entry) -> tuple[Any, ...]:
    return (
        entry.seq,
        entry.time,
        str(entry.kind),
        entry.subject,
        json.dumps(entry.data, sort_keys=True),
        entry.actor,
        entry.reason,
        entry.expires,
        entry.previous,
        entry.hash,
        entry.signature,
    )


def _entry(row: tuple[Any, ...]) -> Entry:
    try:
        named = dict(zip(COLUMNS.split(", "), row, strict=True))
        return entry_of({**named, "data": json.loads(named["data"])})
    except ValueError as error:
        raise RunError(f"row {row[0]} of the journal is no entry", do=RESTORE) from error


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Let what SQLite and the system say be an error for a person."""
    try:
        yield
    except sqlite3.Error as error:
        full = getattr(error, "sqlite_errorcode", 0) in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE)
        what = "the disk is full" if full else str(error)
        raise RunError(
            f"the journal cannot be used: {what}; nothing was written",
            where=str(path),
            do="make room" if full else "check permissions, and that it is a journal",
        ) from error
    except OSError as error:
        raise RunError(
            f"the journal cannot be opened: {error.strerror}; nothing was written",
            where=str(path),
            do="check free space and permissions",
        ) from error
