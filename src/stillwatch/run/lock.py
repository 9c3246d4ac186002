"""One writer at a time: a lock on a file beside the run, which ends with the process that holds it."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from stillwatch.errors import RunError
from stillwatch.run.layout import lock_of, no_run


class Lock:
    """The right to write a run, held until `release` or until the process ends, however it ends."""

    def __init__(self, run: Path) -> None:
        """Take it. Raises RunError where another process has it; nothing is changed then."""
        self._run = run
        self._file: Path | None = lock_of(run)
        while True:
            self._handle = self._opened()
            try:
                self._take()
            except BaseException:
                os.close(self._handle)
                raise
            # Whoever held it before may have removed the file between our opening and our locking it.
            if self._file is None or _is_at(self._handle, self._file):
                return
            os.close(self._handle)

    def _opened(self) -> int:
        assert self._file is not None
        try:
            return os.open(self._file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        except OSError as error:
            if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS) and self._run.is_dir():
                # Whoever may write in the run alone cannot put another in its place: its own lock does.
                self._file = None
                return os.open(self._run, os.O_RDONLY | os.O_CLOEXEC)
            raise RunError(
                f"the run cannot be locked: {error.strerror}",
                where=str(self._file),
                do="choose a folder where you may write",
            ) from error

    def _take(self) -> None:
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise RunError(
                f"another process is writing this run{self._holder()}; nothing was changed",
                where=str(self._run),
                do="wait until it has ended, or choose another folder",
            ) from error
        except OSError as error:
            raise RunError(
                f"the run cannot be locked: {error.strerror}",
                where=str(self._run),
                do="choose a folder on a file system that knows locks",
            ) from error
        if self._file is not None:
            os.truncate(self._handle, 0)
            os.pwrite(self._handle, str(os.getpid()).encode(), 0)

    def _holder(self) -> str:
        number = os.pread(self._handle, 20, 0) if self._file is not None else b""
        return f" (process {number.decode()})" if number.isdigit() else ""

    def release(self) -> None:
        """Give it back; the file goes while it is still ours."""
        if self._handle < 0:
            return
        if self._file is not None and _is_at(self._handle, self._file):
            self._file.unlink(missing_ok=True)
        os.close(self._handle)
        self._handle = -1


@contextlib.contextmanager
def writing(run: Path) -> Iterator[None]:
    """The right to write in a run that is there. Raises RunError where there is none, and where another
    process is writing it.
    """
    if not run.is_dir():
        raise no_run(run)
    lock = Lock(run.resolve())
    try:
        yield
    finally:
        lock.release()


def _is_at(handle: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False
