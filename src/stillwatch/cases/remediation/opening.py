"""What the door to remediation stands on: the store, the guard's journal, who is told, the key of links."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from stillwatch.cases.cases import Cases
from stillwatch.cases.outbox.queue import queue
from stillwatch.cases.remediation.tokens import appeal_key, key_path
from stillwatch.cases.remediation.work import Tell, Work
from stillwatch.cases.store import Store
from stillwatch.guard.people import People


class Opening:
    """Opens sessions with all that remediation works with. Use it as a context manager."""

    def __init__(
        self, cases: Cases, state: Path | None = None, *, tell: Tell = queue, appeal_key: Path | None = None
    ) -> None:
        """state: that of the guard, with its signing key; without it nothing is done at the gateway. tell:
        queues messages. appeal_key: the key of appeal links, beside a SQLite file unless told otherwise.
        """
        self.cases = cases
        self._tell = tell
        self._key = appeal_key
        self._people = None if state is None else People(state)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the guard's journal."""
        if self._people is not None:
            self._people.__exit__()

    def _appeal_key(self) -> bytes:
        return appeal_key(key_path(self.cases.database, self._key))

    @contextmanager
    def _working(self) -> Iterator[Work]:
        with self.cases.database.writing() as session:
            yield Work(Store(session), self.cases.settings, self._tell, self._people)

    @contextmanager
    def _looking(self) -> Iterator[Work]:
        with self.cases.database.reading() as session:
            yield Work(Store(session), self.cases.settings, self._tell, self._people)
