"""Carries out how long agreements let things be kept: what is past it is purged, and the log is told."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from typing import Protocol

import sqlalchemy as sa
from sqlalchemy.orm import Session

from stillwatch.cases.database import Database
from stillwatch.errors import StillwatchError
from stillwatch.intel.hub.agreements import agreements
from stillwatch.intel.hub.log import witness
from stillwatch.intel.hub.members import DAY_S
from stillwatch.intel.hub.tables import SeenRow
from stillwatch.intel.member import Channel

LOG = logging.getLogger("stillwatch.hub")


class Purge(Protocol):
    """Deletes what a part of the hub keeps of a channel from before a moment."""

    def __call__(self, session: Session, channel: Channel, before: float) -> int:
        """before: seconds since 1970. Return how many things were deleted."""


def limits(session: Session) -> dict[Channel, int]:
    """Return the days that each channel is kept: of the open agreements the shortest, since a thing does not
    say by which of them it came; where none is open, of those that ended.
    """
    found: dict[Channel, int] = {}
    every = agreements(session)
    for channel in Channel:
        mine = [one for one in every if channel in one.terms.channels]
        binding = [one for one in mine if one.ended is None] or mine
        if binding:
            found[channel] = min(one.terms.retention_days for one in binding)
    return found


def purge(database: Database, parts: Sequence[Purge], now: float | None = None) -> dict[Channel, int]:
    """Purge what is past its retention; return how many things of each channel went."""
    moment = time.time() if now is None else now
    gone: dict[Channel, int] = {}
    with database.writing() as session:
        for channel, days in sorted(limits(session).items()):
            before = moment - days * DAY_S
            count = sum(part(session, channel, before) for part in parts)
            if count:
                gone[channel] = count
                facts = {"channel": channel.value, "things": count, "days": days}
                witness(session, "retention.purged", None, facts)
        session.execute(sa.delete(SeenRow).where(SeenRow.until < moment))
    return gone


class Purging:
    """Purges again and again while a hub runs."""

    def __init__(self, database: Database, parts: Sequence[Purge], hours: float) -> None:
        """hours: between two purges."""
        self._database, self._parts, self._seconds = database, parts, hours * 3_600
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="stillwatch-purge", daemon=True)

    def start(self) -> None:
        """Begin; the first purge is at once."""
        self._thread.start()

    def stop(self) -> None:
        """End after the purge that is under way."""
        self._stop.set()
        self._thread.join(10)

    def _run(self) -> None:
        while True:
            try:
                purge(self._database, self._parts)
            except StillwatchError as error:
                LOG.warning("nothing was purged: %s", error)
            if self._stop.wait(self._seconds):
                return
