"""Remediation as the console uses it: one door for all threads, long work behind, figures that are kept."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

from stillwatch.cases.cases import Cases
from stillwatch.cases.remediation import Remediation
from stillwatch.cases.remediation.counting import Wrongful
from stillwatch.cases.remediation.pending import Pending
from stillwatch.cases.remedy import Crowd
from stillwatch.cases.remedy_rows import Remedies
from stillwatch.cases.store import Store
from stillwatch.console.kept_figures import KeptFigures
from stillwatch.console.long_work import Job, Jobs
from stillwatch.errors import StillwatchError

LOG = logging.getLogger("stillwatch.console")


class RemedyDesk:
    """What plans, letters and appeals need beside the store. Threads share it."""

    def __init__(self, cases: Cases, state: Path | None = None, appeal_key: Path | None = None) -> None:
        self._cases, self._state, self._key = cases, state, appeal_key
        self._lock = threading.Lock()
        self._door: Remediation | None = None
        self._sizes: dict[str, int] = {}
        self.fault = ""
        """Why nothing can be done at the gateway; empty: it can."""
        self.jobs = Jobs()
        """Work that lasts longer than a call may."""
        self.pending = KeptFigures(lambda: self.door.pending(), self._seq)
        """What waits for a person."""
        self.wrongful = KeptFigures(lambda: self.door.wrongful(), self._seq)
        """How often accounts were acted against wrongly."""

    @property
    def door(self) -> Remediation:
        """The door to remediation, opened when it is first needed. Without a state that can be written it is
        opened all the same, and `fault` says why nothing can be done at the gateway.
        """
        with self._lock:
            if self._door is None:
                self._door = self._opened()
            return self._door

    def crowd_size(self, name: str) -> int:
        """Return how many accounts a crowd has; a crowd never changes."""
        if name not in self._sizes:
            with self._cases.database.reading() as session:
                found = Remedies(session).one(Crowd, name)
            self._sizes[name] = len(found.accounts) if found is not None else 0
        return self._sizes[name]

    def go_on(self, number: int, by: str) -> Job:
        """Do what was ordered about a case, behind the call where it lasts long."""
        return self.jobs.begin(f"case {number} {uuid4().hex}", by, lambda _said: self.door.go_on(number))

    def filled(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Return the body of a notice with account and link filled in."""
        return self.door.filled(body)

    def close(self) -> None:
        """Wait for work that is under way, and let go of the guard's journal."""
        self.jobs.close()
        with self._lock:
            if self._door is not None:
                self._door.close()
                self._door = None

    def _opened(self) -> Remediation:
        if self._state is None:
            self.fault = "the console was started without the guard's state (--state)"
            return Remediation(self._cases, appeal_key=self._key)
        try:
            return Remediation(self._cases, self._state, appeal_key=self._key)
        except StillwatchError as error:
            self.fault = f"{error.what}; {error.do}"
            LOG.warning("nothing can be done at the gateway: %s", error)
            return Remediation(self._cases, appeal_key=self._key)

    def _seq(self) -> int:
        with self._cases.database.reading() as session:
            return Store(session).head()[0]


def waiting_of(desk: RemedyDesk) -> tuple[Pending | None, float | None]:
    """Return what waits, and when that was found; None while nobody knows yet."""
    return desk.pending.now(time.time())


def wrongs_of(desk: RemedyDesk) -> tuple[Wrongful | None, float | None]:
    """Return the count of wrongful action, and when it was made; None while nobody knows yet."""
    return desk.wrongful.now(time.time())
