"""The stages of a command in the log: what begins, what ends, with counts and seconds. Never a word of a
person.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

_log = logging.getLogger("stillwatch.stages")


class Logged:
    """Progress that also goes to the log. A step ends where the next begins, or with the `with` block."""

    def __init__(self, progress: Callable[[str, int, int], None]) -> None:
        """progress: told the step, how much is done, and of how much; step names are words of the code."""
        self._progress = progress
        self._step = ""
        self._done = 0
        self._begun = 0.0

    def __call__(self, step: str, done: int, total: int) -> None:
        """Tell the progress, and the log where the step is another."""
        if step != self._step:
            self._end()
            self._step, self._begun = step, time.monotonic()
            _log.debug("begun", extra={"stage": step})
        self._done = done
        self._progress(step, done, total)

    def _end(self) -> None:
        if self._step:
            seconds = round(time.monotonic() - self._begun, 3)
            _log.info("done", extra={"stage": self._step, "count": self._done, "seconds": seconds})
        self._step = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self._end()
        elif self._step:
            _log.info("ended early", extra={"stage": self._step, "error": type(error).__name__})
