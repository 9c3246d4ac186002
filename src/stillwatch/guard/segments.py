"""Lines that are kept: files that grow by whole lines, are turned over, and are packed when they are full."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import stat
import threading
import time
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import zstandard

from stillwatch.errors import RunError
from stillwatch.run.durable import FILE, FOLDER, placed, sync

PACKED = ".jsonl.zst"
PLAIN = ".jsonl"
TOGETHER = 256
"""Lines that are written by one call."""
TURN, PAUSE_S = 8, 1e-5
"""Lines that are made before other threads have their turn, in which requests are decided; seconds of it."""
Line = bytes | Callable[[], bytes]
"""A line with its end, or what makes it when there is time."""


class Segments:
    """Writes lines of one kind below a folder. Every process has a file of its own; threads share it.

    A line given to `now` is with the operating system when the call returns, so that the end of this process
    loses nothing. Once a second all is forced to the disk, so that a loss of power takes a second at most.
    Where a line cannot be written, as on a full disk, what was written of it is cut off, and it is kept and
    tried again.
    """

    def __init__(
        self,
        folder: Path,
        kind: str,
        *,
        most_bytes: int = 64 << 20,
        most_seconds: float = 3_600.0,
        every_s: float = 0.2,
        most_waiting: int = 200_000,
    ) -> None:
        """kind: the beginning of file names, as `decisions`. most_waiting: lines kept in memory while none
        can be written; more are counted in `lost`. Raises RunError where the folder cannot be written.
        """
        self._folder, self._kind = folder, kind
        self._most_bytes, self._most_seconds, self._most_waiting = most_bytes, most_seconds, most_waiting
        self._lock, self._drains = threading.Lock(), threading.Lock()
        self._waiting: deque[Line] = deque()
        self._handle, self._path, self._size, self._began = -1, folder, 0, 0.0
        self._synced = 0
        self._full: list[Path] = []
        self.lost = 0
        """Lines that were given up."""
        self.failing = ""
        """Why the last write failed; empty after one that succeeded."""
        try:
            folder.mkdir(mode=FOLDER, parents=True, exist_ok=True)
            self._take_over()
            self._open()
        except OSError as error:
            raise RunError(
                f"no records can be written: {error.strerror}",
                where=str(folder),
                do="choose a folder where the guard may write",
            ) from error
        self._ended = threading.Event()
        self._thread = threading.Thread(
            target=self._work, args=(every_s,), name=f"stillwatch-{kind}", daemon=True
        )
        self._thread.start()

    @property
    def waiting(self) -> int:
        """Lines that are not written yet."""
        return len(self._waiting)

    def now(self, line: bytes, *, last: bool = False) -> bool:
        """Write a line. False if it cannot be written now: then it waits, and is not lost. last: whether it
        must come after all that wait.
        """
        if last:
            self._drain()
        with self._lock:
            if self._written(line):
                return True
            self._keep(line)
            return False

    def soon(self, line: Line) -> None:
        """Write a line within `every_s`."""
        if len(self._waiting) >= self._most_waiting:
            self._drain()
            if len(self._waiting) >= self._most_waiting:
                self.lost += 1
                return
        self._waiting.append(line)

    def flush(self) -> None:
        """Write what waits, and force all to the disk."""
        self._drain()
        self._to_disk()

    def close(self) -> None:
        """Write what waits, pack the file, and end."""
        self._ended.set()
        self._thread.join()
        with self._lock:
            if self._handle < 0:
                return
        self._drain()
        self._to_disk()
        with self._lock:
            os.close(self._handle)
            self._handle = -1
            self._full.append(self._path)
        self._pack_full()

    def _work(self, every_s: float) -> None:
        last = time.monotonic()
        while not self._ended.wait(every_s):
            self._drain(pause=PAUSE_S)
            if time.monotonic() - last >= 1.0 or self._full:
                self._to_disk()
                last = time.monotonic()
            self._pack_full()

    def _drain(self, pause: float = 0.0) -> None:
        """Write what waits; several lines are one call. The lines are made without the lock, for which one
        that has to be written now would wait. pause: seconds given to other threads every few lines.
        """
        with self._drains:
            while self._waiting:
                taken = [self._waiting.popleft() for _ in range(min(len(self._waiting), TOGETHER))]
                lines: list[bytes] = []
                for number, line in enumerate(taken, 1):
                    try:
                        lines.append(line if isinstance(line, bytes) else line())
                    except Exception as error:  # one line that cannot be made must not end the thread
                        self.lost += 1
                        self.failing = type(error).__name__
                    if pause and not number % TURN:
                        time.sleep(pause)
                with self._lock:
                    written = self._written(b"".join(lines))
                if not written:
                    self._waiting.extendleft(reversed(lines))
                    return

    def _keep(self, line: bytes) -> None:
        if len(self._waiting) < self._most_waiting:
            self._waiting.append(line)
        else:
            self.lost += 1

    def _written(self, data: bytes) -> bool:
        """Write whole lines; False, and the file as it was, where they do not fit."""
        try:
            if self._size and (
                self._size + len(data) > self._most_bytes
                or time.monotonic() - self._began >= self._most_seconds
            ):
                self._turn_over()
            done = 0
            while done < len(data):
                done += os.write(self._handle, data[done:] if done else data)
        except OSError as error:
            self.failing = error.strerror or str(error)
            with contextlib.suppress(OSError):
                os.ftruncate(self._handle, self._size)
                os.lseek(self._handle, self._size, os.SEEK_SET)
            return False
        self._size += len(data)
        self.failing = ""
        return True

    def _to_disk(self) -> None:
        """Force what is written to the disk; without the lock, since a disk takes its time."""
        handle = -1
        try:
            with self._lock:
                path, size = self._path, self._size
                if self._synced == size:
                    return
                handle = os.dup(self._handle)
            os.fdatasync(handle)
        except OSError as error:
            self.failing = error.strerror or str(error)
            return
        finally:
            if handle >= 0:
                os.close(handle)
        with self._lock:
            if path == self._path:
                self._synced = size

    def _turn_over(self) -> None:
        old, path = self._handle, self._path
        self._open()
        os.fdatasync(old)
        os.close(old)
        self._full.append(path)

    def _open(self) -> None:
        when = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
        path = self._folder / f"{self._kind}-{when}-{os.getpid()}-{secrets.token_hex(3)}{PLAIN}"
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE)
        fcntl.flock(handle, fcntl.LOCK_EX)  # tells others that its process lives
        self._handle, self._path = handle, path
        self._size = self._synced = 0
        self._began = time.monotonic()

    def _pack_full(self) -> None:
        while self._full:
            path = self._full[0]
            try:
                pack(path)
            except OSError as error:  # it stays as it is, and is tried again
                self.failing = error.strerror or str(error)
                return
            self._full.pop(0)

    def _take_over(self) -> None:
        """Pack what processes left that have ended. What cannot be packed now, as on a full disk, stays as it
        is for the next process: a guard must begin all the same.
        """
        for path in sorted(self._folder.glob(f"{self._kind}-*{PLAIN}")):
            try:
                handle = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
            except OSError as error:
                self.failing = error.strerror or str(error)
                continue
            try:
                about = os.fstat(handle)
                if not stat.S_ISREG(about.st_mode) or about.st_nlink != 1:
                    continue  # what we wrote has one name; another's file must not be cut through ours
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                os.ftruncate(handle, _whole_lines(handle))
                pack(path)
            except BlockingIOError:
                continue
            except OSError as error:
                self.failing = error.strerror or str(error)
            finally:
                os.close(handle)


def pack(path: Path) -> None:
    """Replace a file by its zstd packing; an empty one goes. Both are never missing. Raises OSError."""
    if path.stat().st_size:
        packed = path.with_name(path.name.removesuffix(PLAIN) + PACKED)
        with path.open("rb") as source, placed(packed) as out:
            zstandard.ZstdCompressor(level=3).copy_stream(source, out)
    path.unlink(missing_ok=True)
    sync(path.parent)


def _whole_lines(handle: int) -> int:
    """The length of a file up to the end of its last whole line."""
    end = os.fstat(handle).st_size
    while end:
        start = max(0, end - 65_536)
        found = os.pread(handle, end - start, start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        end = start
    return 0
