"""The newest decisions of a guard, read as its records grow: never more than a window of them."""

from __future__ import annotations

import io
import re
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import orjson
import zstandard

from stillwatch.guard.records import KEY, MARK
from stillwatch.guard.segments import PACKED, PLAIN

T = TypeVar("T")
MOST = 20_000
"""Decisions of the window."""
MOST_BYTES = 48 << 20
"""Bytes that are read of the end of one file."""
STARTED = re.compile(r"decisions-(\d{8}T\d{6}\.\d{6})Z-")
"""When a file was begun, in its name."""
LONGEST_FILE = timedelta(hours=2)
"""A file is turned over after an hour; a process that had nothing to write may be late."""
ID = re.compile(r"[0-9a-f]{32}")
LATE = 5
"""Minutes by which the clocks of two processes may differ."""


class Done(msgspec.Struct):
    """A step."""

    step: str = ""


class Fired(msgspec.Struct):
    """A rule that fired."""

    rule: str = ""
    version: str = ""
    stage: str = ""
    step: str = ""


class Recorded(msgspec.Struct):
    """What pages show of a decision."""

    id: str
    time: datetime
    key: str
    stillwatch: str
    account_id: str = ""
    model: str = ""
    surface: str = ""
    answer: str = ""
    action: Done = msgspec.field(default_factory=Done)
    said: Done = msgspec.field(default_factory=Done)
    held_back: str = ""
    rules: tuple[Fired, ...] = ()
    shadow: tuple[Fired, ...] = ()
    review: tuple[str, ...] = ()
    permission: str = ""
    permit: str = ""
    campaign: str = ""
    tier: str = ""
    reason: str = ""
    latency_us: float = 0.0

    @property
    def at(self) -> float:
        """When, POSIX seconds."""
        moment = self.time if self.time.tzinfo else self.time.replace(tzinfo=UTC)
        return moment.timestamp()


_DECODE = msgspec.json.Decoder(Recorded)


@dataclass
class _File:
    """What was read of one file."""

    size: int = 0
    """Bytes up to which it was read."""
    rows: list[Recorded] = field(default_factory=list)
    """Its newest decisions, the oldest first."""


class Recent:
    """A window of decisions. Threads share it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._files: dict[str, _File] = {}
        self._rows: tuple[list[_File], list[Recorded]] = ([], [])
        self._made: dict[str, Any] = {}
        self._lock = threading.Lock()

    def rows(self) -> list[Recorded]:
        """Return the decisions of the window, the newest first; of two with one id the later one holds."""
        with self._lock:
            used: dict[str, _File] = {}
            for path in self._paths():
                if sum(len(one.rows) for one in used.values()) >= MOST:
                    break
                used[path.name] = _read(path, self._files.get(path.name) or _File())
            self._files = used
            files = list(used.values())
            if list(map(id, files)) != list(map(id, self._rows[0])):
                found = [row for one in files for row in reversed(one.rows)]
                told: dict[str, Recorded] = {}
                for row in sorted(found, key=lambda row: row.id, reverse=True):
                    told.setdefault(row.id, row)
                self._rows = (files, list(told.values())[:MOST])
                self._made = {}
            return self._rows[1]

    def made(self, name: str, make: Callable[[list[Recorded]], T]) -> T:
        """Return what `make` makes of the window; it is made again only after the window has changed."""
        rows, kept = self.rows(), self._made
        if name not in kept:
            kept[name] = make(rows)
        found: T = kept[name]
        return found

    def about(self, key: str) -> list[Recorded]:
        """Return the decisions of the window about an account, the newest first. key: 16 digits."""
        return self.made("accounts", _by_account).get(key, [])

    def record(self, number: str) -> dict[str, Any] | None:
        """Return the whole record of a decision, from the files of its time; None where there is none."""
        if not ID.fullmatch(number):
            return None
        try:
            when = datetime.fromtimestamp(int(number[:12], 16) / 1000, UTC)
            earliest, latest = when - LONGEST_FILE, when + timedelta(seconds=5)
        except (ValueError, OverflowError, OSError):
            return None
        for path in self._paths():
            began = _began(path)
            if began is None or not earliest <= began <= latest:
                continue
            rows = (_whole(line) for line in _content(path, 0).split(b"\n") if number.encode() in line)
            found = [row for row in rows if row is not None and row.get("id") == number]
            if found:
                return found[-1]
        return None

    def _paths(self) -> list[Path]:
        paths = (path for path in self.folder.glob("decisions-*") if path.name.endswith((PLAIN, PACKED)))
        return sorted((path for path in paths if path.is_file() and not path.is_symlink()), reverse=True)


def minutes(rows: Sequence[Recorded], now: float, many: int = 60) -> list[dict[str, Any]]:
    """Return decisions of each of the last minutes: all, those that changed something, those that refused."""
    total: Counter[int] = Counter()
    acted: Counter[int] = Counter()
    refused: Counter[int] = Counter()
    last = int(now // 60)
    for row in rows:
        minute = int(row.at // 60)
        if minute <= last - many - LATE:
            break
        total[minute] += 1
        acted[minute] += row.action.step != "observe"
        refused[minute] += row.answer != "allow"
    return [
        {
            "time": minute * 60.0,
            "decisions": total[minute],
            "acted": acted[minute],
            "refused": refused[minute],
        }
        for minute in range(last - many + 1, last + 1)
    ]


def _by_account(rows: list[Recorded]) -> dict[str, list[Recorded]]:
    found: dict[str, list[Recorded]] = {}
    for row in rows:
        found.setdefault(row.key, []).append(row)
    return found


def by_rule(rows: Sequence[Recorded]) -> list[dict[str, Any]]:
    """Return how often each version of a rule acted, was held back and would have acted, day by day."""
    acts: Counter[tuple[str, str, str]] = Counter()
    held: Counter[tuple[str, str, str]] = Counter()
    would: Counter[tuple[str, str, str]] = Counter()
    accounts: dict[tuple[str, str, str], set[str]] = {}
    for row in rows:
        day = f"{row.time:%Y-%m-%d}"
        for place, counted in ((row.rules, acts), (row.shadow, would)):
            for one in place:
                key = (day, one.rule, one.version)
                counted[key] += 1
                accounts.setdefault(key, set()).add(row.key)
                held[key] += counted is acts and bool(row.held_back)
    return [
        {
            "day": day,
            "rule": rule,
            "version": version,
            "fired": acts[day, rule, version],
            "held_back": held[day, rule, version],
            "would_fire": would[day, rule, version],
            "accounts": len(accounts[day, rule, version]),
        }
        for day, rule, version in sorted(accounts, key=lambda key: (key[0], *key[1:]), reverse=True)
    ]


def _read(path: Path, known: _File) -> _File:
    """What a file holds now: a plain one from where it was read before, a packed one once."""
    plain = path.name.endswith(PLAIN)
    try:
        size = path.stat().st_size
        if known.size == size:
            return known
        begin = known.size if plain and known.size < size else 0
        content = _content(path, begin)
    except OSError:  # packed or removed meanwhile
        return known
    whole = content[: content.rfind(b"\n") + 1]
    if plain and not whole:
        return known
    end = size if not plain else max(begin, size - MOST_BYTES) + len(whole)
    rows = [row for line in whole.split(b"\n")[-MOST - 1 :] if (row := _row(line)) is not None]
    return _File(end, ((known.rows if begin else []) + rows)[-MOST:])


def _content(path: Path, begin: int) -> bytes:
    """The end of a file, unpacked. Raises OSError."""
    with path.open("rb") as file:
        if path.name.endswith(PLAIN):
            size = file.seek(0, io.SEEK_END)
            file.seek(max(begin, size - MOST_BYTES))
            return file.read(MOST_BYTES)
        pieces: list[bytes] = []
        try:
            reader = zstandard.ZstdDecompressor().stream_reader(file)
            while piece := reader.read(1 << 20):
                pieces.append(piece)
        except zstandard.ZstdError:  # what was read until here holds
            pass
        return b"".join(pieces[-MOST_BYTES // (1 << 20) - 1 :])


def _row(line: bytes) -> Recorded | None:
    if not line:
        return None
    try:
        row = _DECODE.decode(line)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None
    return row if row.stillwatch == MARK and ID.fullmatch(row.id) and KEY.fullmatch(row.key) else None


def _whole(line: bytes) -> dict[str, Any] | None:
    try:
        row = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    return row if isinstance(row, dict) and row.get("stillwatch") == MARK else None


def _began(path: Path) -> datetime | None:
    match = STARTED.match(path.name)
    try:
        return datetime.strptime(match[1], "%Y%m%dT%H%M%S.%f").replace(tzinfo=UTC) if match else None
    except ValueError:
        return None
