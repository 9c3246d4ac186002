"""Budgets of one process: buckets in memory, written to SQLite every second."""

from __future__ import annotations

import fcntl
import os
import sqlite3
import threading
from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from stillwatch.errors import RunError
from stillwatch.guard.day_count import DAY_S, DayCount
from stillwatch.guard.ports import Reserved
from stillwatch.guard.problems import Problems
from stillwatch.guard.token_bucket import Bucket
from stillwatch.run.durable import FILE
from stillwatch.run.private_file import make_private

ACCOUNT, CAMPAIGN = 0, 1
KEPT = 1 << 17
"""Accounts and campaigns that are kept in memory. What was not asked for the longest goes first; its bucket
is full by then, unless more than so many ask within a minute, which is counted as a problem.
"""
ROWS_AT_ONCE = 256
"""Rows that are copied while requests wait."""
WRITE_S = 1.0
"""Seconds between two writes: what a crash forgets, at most."""
SCHEMA = """
CREATE TABLE IF NOT EXISTS budgets (
  kind INTEGER NOT NULL, name TEXT NOT NULL, level REAL, time REAL, size REAL,
  day INTEGER NOT NULL, used INTEGER NOT NULL, other_day INTEGER NOT NULL, other_used INTEGER NOT NULL,
  PRIMARY KEY (kind, name)
) STRICT, WITHOUT ROWID;
"""
Name = tuple[int, str]


@dataclass(slots=True)
class Spent:
    """What an account or a campaign has spent."""

    bucket: Bucket | None = None
    """Its bucket; None where no rate was ever asked for."""
    count: DayCount = field(default_factory=DayCount)
    """Its tokens of the day."""
    asked: float = 0.0
    """When it was last asked for."""


class EmbeddedBudgets:
    """Implements `ports.Budgets` in this process. Threads may share it; other processes have their own, so a
    rate holds for each process by itself.
    """

    def __init__(self, path: Path | None = None, problems: Problems | None = None, kept: int = KEPT) -> None:
        """Read what is remembered. path: the SQLite file; None: nothing outlives the process. Raises RunError
        where another process has the file, or where it cannot be used.
        """
        self._problems = problems or Problems()
        self._kept = kept
        self._spent: OrderedDict[Name, Spent] = OrderedDict()
        self._dirty: set[Name] = set()
        self._lock, self._writes = threading.Lock(), threading.Lock()
        self._stop = threading.Event()
        self._handle = -1
        self._db: sqlite3.Connection | None = None
        if path is not None:
            self._open(path)
        self._thread = threading.Thread(target=self._write_on, name="stillwatch-budgets", daemon=True)
        if path is not None:
            self._thread.start()

    def reserve(
        self, account: int, campaign: str, tokens: int, account_rate: int, campaign_rate: int, now: float
    ) -> Reserved:
        """Reserve in both buckets or in neither; a rate of 0 is no limit."""
        with self._lock:
            own, pooled = self._both(account, campaign, now)
            limits = [(own, account_rate), (pooled, campaign_rate)]
            buckets = [_filled(spent, rate, now) for spent, rate in limits if rate > 0]
            wait = max((bucket.lacks(tokens) for bucket in buckets), default=0.0)
            if wait > 0.0:
                return Reserved(False, wait, own.count.at(now), pooled.count.at(now))
            for bucket in buckets:
                bucket.level -= tokens
            return Reserved(True, 0.0, own.count.add(tokens, now), pooled.count.add(tokens, now))

    def settle(self, account: int, campaign: str, reserved: int, used: int, now: float) -> None:
        """Give back what was reserved and not used, or take what was used beyond. Where nothing was reserved,
        nothing is taken: an account that no rule slows must not spend what others may.
        """
        with self._lock:
            for spent in self._both(account, campaign, now):
                if spent.bucket is not None and reserved > 0:
                    spent.bucket.give_back(reserved - used)
                spent.count.add(used - reserved, now)

    def used(self, account: int, campaign: str, now: float) -> tuple[int, int]:
        """Return the tokens since midnight (UTC): of the account, of the campaign."""
        with self._lock:
            found = (self._spent.get(name) for name in _names(account, campaign))
            own, pooled = (0 if spent is None else spent.count.at(now) for spent in found)
        return own, pooled

    def write(self) -> None:
        """Write what has changed since the last time."""
        with self._writes:
            if self._db is None:
                return
            with self._lock:
                names, self._dirty = list(self._dirty), set()
            try:
                with self._db:
                    for start in range(0, len(names), ROWS_AT_ONCE):
                        rows = self._rows(names[start : start + ROWS_AT_ONCE])
                        self._db.executemany(
                            "INSERT OR REPLACE INTO budgets VALUES (?,?,?,?,?,?,?,?,?)", rows
                        )
            except sqlite3.Error as error:
                self._problems.add("budgets-unwritten", str(error))
                with self._lock:
                    self._dirty.update(names)

    def _rows(self, names: list[Name]) -> list[tuple[int | str | float | None, ...]]:
        with self._lock:
            return [_row(name, self._spent[name]) for name in names if name in self._spent]

    def close(self) -> None:
        """Write what is left, and let go of the file."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        self.write()
        with self._writes:
            if self._db is not None:
                self._db.close()
                os.close(self._handle)
            self._db = None

    def __len__(self) -> int:
        return len(self._spent)

    def _both(self, account: int, campaign: str, now: float) -> tuple[Spent, Spent]:
        own, pooled = (self._one(name, now) for name in _names(account, campaign))
        return own, pooled

    def _one(self, name: Name, now: float) -> Spent:
        found = self._spent.get(name)
        if found is None:
            found = self._spent[name] = Spent()
            if len(self._spent) > self._kept:
                old, gone = self._spent.popitem(last=False)
                self._dirty.discard(old)
                if now - gone.asked < 60.0 or (gone.bucket is not None and gone.bucket.level < 0.0):
                    self._problems.add("budgets-evicted", "more accounts ask than are kept in memory")
        else:
            self._spent.move_to_end(name)
        found.asked = now
        if self._db is not None:
            self._dirty.add(name)
        return found

    def _write_on(self) -> None:
        while not self._stop.wait(WRITE_S):
            self.write()

    def _open(self, path: Path) -> None:
        try:
            self._handle = os.open(
                path.with_name(f"{path.name}.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, FILE
            )
            try:
                fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                make_private(path)
                self._db = sqlite3.connect(path, check_same_thread=False)
                self._db.execute("PRAGMA journal_mode=WAL")
                self._db.execute("PRAGMA synchronous=NORMAL")
                self._db.executescript(SCHEMA)
                self._load(self._db)
            except BaseException:
                with suppress(OSError):
                    os.close(self._handle)
                raise
        except BlockingIOError as error:
            raise RunError(
                "another process keeps its budgets in this file",
                where=str(path),
                do="give each process a file of its own, or let them share a Valkey server",
            ) from error
        except (OSError, sqlite3.Error) as error:
            raise RunError(
                f"the budgets cannot be kept: {error}", where=str(path), do="check free space and permissions"
            ) from error

    def _load(self, db: sqlite3.Connection) -> None:
        newest = db.execute("SELECT max(day) FROM budgets").fetchone()[0] or 0
        with db:  # a debt is kept for as long as it lasts; anything else says nothing after two days
            db.execute("DELETE FROM budgets WHERE day < ? AND (level IS NULL OR level >= 0)", (newest - 1,))
        rows = db.execute(
            "SELECT * FROM budgets ORDER BY coalesce(time, day * 86400.0) DESC LIMIT ?", (self._kept,)
        )
        for kind, name, level, time, size, *count in reversed(rows.fetchall()):
            bucket = None if level is None else Bucket(level, time, size)
            asked = time if bucket is not None else float(count[0] * DAY_S)
            self._spent[(kind, name)] = Spent(bucket, DayCount(*count), asked)


def _names(account: int, campaign: str) -> tuple[Name, Name]:
    return (ACCOUNT, f"{account:016x}"), (CAMPAIGN, campaign)


def _filled(spent: Spent, rate: int, now: float) -> Bucket:
    if spent.bucket is None:
        spent.bucket = Bucket(float(rate), now, float(rate))
    spent.bucket.fill(float(rate), now)
    return spent.bucket


def _row(name: Name, spent: Spent) -> tuple[int | str | float | None, ...]:
    bucket, count = spent.bucket, spent.count
    found = (None, None, None) if bucket is None else (bucket.level, bucket.time, bucket.size)
    return (*name, *found, count.day, count.used, count.other_day, count.other_used)
