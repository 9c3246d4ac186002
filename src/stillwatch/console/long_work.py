"""Work that lasts longer than a call may: it goes on in a thread, and what came of it is kept."""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from stillwatch.errors import StillwatchError

LOG = logging.getLogger("stillwatch.console")
Work = Callable[[Callable[[str], object]], Any]
"""A piece of work; it is given what tells how far it is."""
KEPT = 200
"""Pieces of work whose results are kept."""
PATIENCE_S = 2.0
"""Seconds that a call waits for work that it began."""
END_S = 8.0
"""Seconds that work under way has when the console ends."""


@dataclass(frozen=True)
class Job:
    """A piece of work."""

    began: float
    """When, POSIX seconds."""
    by: str
    """Who began it."""
    ended: float | None = None
    """When it ended, POSIX seconds; None: it is under way."""
    result: Any = None
    """What came of it."""
    error: StillwatchError | None = None
    """Why it failed; None: it did not."""
    progress: str = ""
    """How far it is, in words."""
    thread: threading.Thread | None = field(default=None, compare=False, repr=False)
    """The thread that does it."""

    def checked(self) -> Job:
        """Return it; raises the error with which it ended."""
        if self.error is not None:
            raise self.error
        return self


class Jobs:
    """Work of one process, by name. Threads share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._jobs: OrderedDict[str, Job] = OrderedDict()

    def begin(self, name: str, by: str, work: Work, patience_s: float = PATIENCE_S) -> Job:
        """Begin a piece of work, unless one of that name is under way, and wait a little; return it as it is
        then.
        """
        with self._lock:
            there = self._jobs.get(name)
            if there is None or there.ended is not None:
                thread = threading.Thread(
                    target=self._work, args=(name, work), name="stillwatch-job", daemon=True
                )
                there = self._jobs[name] = Job(time.time(), by, thread=thread)
                self._jobs.move_to_end(name)
                self._forget()
                thread.start()
        assert there.thread is not None
        there.thread.join(patience_s)
        return self.of(name) or there

    def of(self, name: str) -> Job | None:
        """Return a piece of work; None where this process knows none of that name."""
        with self._lock:
            return self._jobs.get(name)

    def close(self) -> None:
        """Wait for what is under way, some seconds at most."""
        with self._lock:
            running = [one.thread for one in self._jobs.values() if one.ended is None and one.thread]
        ends = time.monotonic() + END_S
        for thread in running:
            thread.join(max(ends - time.monotonic(), 0.0))

    def _work(self, name: str, work: Work) -> None:
        result: Any = None
        failed: StillwatchError | None = None
        try:
            result = work(lambda words: self._change(name, progress=words))
        except StillwatchError as error:
            failed = error
        except Exception as error:
            # What an exception says may hold a customer's words, so only its kind is told.
            kind = type(error).__name__
            failed = StillwatchError(
                f"a fault of Stillwatch itself ({kind})", where=name, do="tell its makers"
            )
            LOG.error("a piece of work failed", extra={"kind": kind})
        self._change(name, ended=time.time(), result=result, error=failed)

    def _change(self, name: str, **changes: Any) -> None:
        with self._lock:
            there = self._jobs.get(name)
            if there is not None:
                self._jobs[name] = replace(there, **changes)

    def _forget(self) -> None:
        for name in [name for name, one in self._jobs.items() if one.ended is not None][:-KEPT]:
            del self._jobs[name]
