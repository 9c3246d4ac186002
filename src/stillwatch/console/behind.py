"""What works behind the console: what a killed server had begun is ended, and messages are delivered."""

from __future__ import annotations

import logging
import threading

from stillwatch.cases.outbox.deliverer import Deliverer, Passed
from stillwatch.console.seen import Doors
from stillwatch.errors import StillwatchError

LOG = logging.getLogger("stillwatch.console")
PATIENCE_S = 8.0
"""Seconds that what is under way has when the console ends; the server itself waits no longer than ten."""


class Behind:
    """Works from the start of a process to its end. Several processes may: each claims what it sends."""

    def __init__(self, doors: Doors) -> None:
        self._doors = doors
        self._resuming = threading.Thread(target=self._resume, name="stillwatch-resume", daemon=True)
        self._deliverer: Deliverer | None = None

    def start(self) -> None:
        """Begin."""
        self._resuming.start()
        if self._doors.channels is not None:
            place = self._doors.cases.database.place
            self._deliverer = Deliverer(
                place, self._doors.channels, fill=self._doors.remedy.filled, said=_told
            )
            self._deliverer.start()

    def stop(self) -> None:
        """End after what is under way. What is cut off is ended at the next start."""
        if self._deliverer is not None:
            self._deliverer.stop(PATIENCE_S)
        self._resuming.join(PATIENCE_S)

    def _resume(self) -> None:
        try:
            ended = self._doors.remedy.door.resume()
        except StillwatchError as error:
            LOG.warning("what was begun could not be ended: %s", error)
            return
        if ended:
            LOG.warning("ended what was begun before: %s", ", ".join(ended))


def _told(found: Passed | StillwatchError) -> None:
    if isinstance(found, StillwatchError):
        LOG.warning("messages are not delivered: %s", found)
    elif found.dead:
        LOG.warning("%d messages were given up; see /deliveries", found.dead)
