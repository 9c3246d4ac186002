"""Work that takes longer than a call may: one at a time of each name, in a thread of this process."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from stillwatch.errors import CaseConflict, StillwatchError
from stillwatch.plain import plain


@dataclass
class Job:
    """One piece of work."""

    what: str
    """What it does, in words."""
    by: str
    """Who asked for it."""
    began: float
    """When, POSIX seconds."""
    ended: float | None = None
    """When it ended; None: it runs."""
    fault: str = ""
    """Why it failed; empty where it did not."""


_LOCK = threading.Lock()
_JOBS: dict[str, Job] = {}


def job_of(name: str) -> Job | None:
    """Return the newest job of a name; None where this process had none."""
    with _LOCK:
        return _JOBS.get(name)


def begin(name: str, what: str, by: str, work: Callable[[], None]) -> Job:
    """Begin a job. Its result is kept by `work` itself, so that nothing is half done where the process ends.
    Raises CaseConflict where one of the name runs.
    """
    with _LOCK:
        there = _JOBS.get(name)
        if there is not None and there.ended is None:
            raise CaseConflict(
                f"{there.what} runs already", where=f"begun by {there.by}", do="wait for its result"
            )
        job = _JOBS[name] = Job(what, by, time.time())

    def run() -> None:
        try:
            work()
        except (StillwatchError, OSError) as error:
            job.fault = plain(str(error).replace("\n", " "))
        except Exception as error:  # what it says may hold a customer's words
            job.fault = f"a fault of Stillwatch itself: {type(error).__name__}"
        finally:
            job.ended = time.time()

    threading.Thread(target=run, name=f"stillwatch-{name[:20]}", daemon=True).start()
    return job
