"""Delivers messages: one pass over what is due, or a thread that makes one again and again."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from stillwatch.cases.database import Database
from stillwatch.cases.outbox.channel import MAIL, SLACK, WEBHOOK, Channel
from stillwatch.cases.outbox.channels_file import Channels, read_channels
from stillwatch.cases.outbox.claims import Claim, claim, record
from stillwatch.cases.outbox.deadlines import breached_deadlines
from stillwatch.cases.outbox.delivery import DEAD, DELIVERED
from stillwatch.cases.outbox.delivery_settings import DeliverySettings
from stillwatch.cases.outbox.envelope import Envelope
from stillwatch.cases.outbox.late_appeals import late_appeals
from stillwatch.cases.outbox.mail import send_mail
from stillwatch.cases.outbox.outcome import Outcome
from stillwatch.cases.outbox.passes import made_now
from stillwatch.cases.outbox.planning import AT_ONCE, plan, prune
from stillwatch.cases.outbox.slack import send_slack
from stillwatch.cases.outbox.webhook import send_webhook
from stillwatch.errors import CaseError, StillwatchError

DAY = 86_400.0
MOST_AT_ONCE = 8
"""Channels that are sent to at the same time."""
SENDERS: Mapping[str, Callable[[Channel, Envelope, float], Outcome]] = {
    WEBHOOK: send_webhook,
    SLACK: send_slack,
    MAIL: send_mail,
}
Watch = Callable[[Session, float], int]
"""A look for something to tell, within a session that writes: it queues messages and returns how many."""
WATCHES: tuple[Watch, ...] = (breached_deadlines, late_appeals)
NOTICE = "notice"
"""Topic of a letter to one customer, in which marks stand where account and link belong."""
Fill = Callable[[Mapping[str, Any]], Mapping[str, Any]]
"""Returns the body of a notice with account and link in it; raises StillwatchError where it cannot."""


@dataclass(frozen=True)
class Passed:
    """What one pass did."""

    configured: int
    """Channels that there are; 0: nothing is sent."""
    told: int
    """Messages that a look for something to tell found."""
    going: int
    """Messages for which channels were chosen."""
    nowhere: int
    """Messages that no channel wants; they are not sent later either."""
    delivered: int
    """Deliveries that receivers took."""
    failed: int
    """Attempts after which another one follows."""
    dead: int
    """Deliveries that were given up."""
    forgotten: int
    """Old messages of which only the key is kept."""

    def document(self) -> dict[str, Any]:
        """Return it for people and programs."""
        return asdict(self)


def deliver(
    database: Database,
    channels: Channels,
    *,
    watches: Sequence[Watch] = WATCHES,
    fill: Fill | None = None,
    stop: threading.Event | None = None,
) -> Passed:
    """Look for what is to be told, choose channels, send what is due, and forget what is old.

    Each step is a transaction of its own, so that the pass may be killed at any point and begun anew. What
    was being sent then is sent again with the same id once its claim has ended. fill: fills in the links of
    notices just before webhooks take them, and is kept nowhere. stop: ends it after the attempt that is under
    way. Raises CaseError where the store cannot be used.
    """
    ending = stop or threading.Event()
    now = time.time()
    with database.writing() as session:
        told = sum(watch(session, now) for watch in watches)
    going = nowhere = 0
    while True:
        with database.writing() as session:
            some, none = plan(session, channels.channels, time.time())
        going, nowhere = going + some, nowhere + none
        if some + none < AT_ONCE or ending.is_set():
            break
    counts = _send_all(database, channels, fill, ending)
    with database.writing() as session:
        forgotten = prune(session, now - channels.settings.keep_days * DAY)
        made_now(session, "deliver", time.time())
    return Passed(len(channels.channels), told, going, nowhere, *counts, forgotten)


def _send_all(
    database: Database, channels: Channels, fill: Fill | None, ending: threading.Event
) -> tuple[int, int, int]:
    """Send what is due on every channel; return how much was delivered, failed and given up."""
    if not channels.channels:
        return 0, 0, 0
    with ThreadPoolExecutor(min(MOST_AT_ONCE, len(channels.channels))) as pool:
        running = [pool.submit(_send_due, database, one, channels, fill, ending) for one in channels.channels]
        try:
            found = [future.result() for future in running]
        except BaseException:
            ending.set()
            raise
    delivered, failed, dead = (sum(column) for column in zip(*found, strict=True))
    return delivered, failed, dead


def _send_due(
    database: Database, channel: Channel, channels: Channels, fill: Fill | None, ending: threading.Event
) -> tuple[int, int, int]:
    """Send what is due on one channel, until it fails in a way that the next message would too."""
    counts: Counter[str] = Counter()
    with database.writing() as session:
        claimed = claim(session, channel.name, channels.settings, time.time())
    while claimed is not None:
        outcome = _sent(channel, claimed.envelope, channels.settings.timeout_s, fill)
        goes_on = (outcome.delivered or not outcome.channel_rests) and not ending.is_set()
        state, claimed = _written_down(database, claimed, outcome, channels.settings, goes_on=goes_on)
        counts[state] += 1
    delivered, dead = counts[DELIVERED], counts[DEAD]
    return delivered, counts.total() - delivered - dead, dead


def _sent(channel: Channel, envelope: Envelope, timeout: float, fill: Fill | None) -> Outcome:
    """Make one attempt."""
    try:
        filled = _filled(channel, envelope, fill)
    except StillwatchError as error:
        return Outcome(False, error.what, channel_rests=False)
    try:
        return SENDERS[channel.form](channel, filled, timeout)
    except StillwatchError as error:
        return Outcome(False, error.what)


def _filled(channel: Channel, envelope: Envelope, fill: Fill | None) -> Envelope:
    """A message as it is sent. Only the operator's own systems get a customer's link: whoever reads along in
    a chat or a mailbox could appeal with it.
    """
    if fill is None or envelope.topic != NOTICE or channel.form != WEBHOOK:
        return envelope
    return replace(envelope, body=fill(envelope.body))


def _written_down(
    database: Database, claimed: Claim, outcome: Outcome, settings: DeliverySettings, *, goes_on: bool
) -> tuple[str, Claim | None]:
    """Write down what came of an attempt, and claim the next message in the same transaction if it goes on.

    If the store fails, it is tried again: what was taken must not be sent anew.
    """
    for left in (2, 1, 0):
        try:
            with database.writing() as session:
                now = time.time()
                state = record(session, claimed, outcome, settings, now)
                return state, claim(session, claimed.channel, settings, now) if goes_on else None
        except CaseError:
            if not left:
                raise
            time.sleep(1.0)
    raise AssertionError("BUG: the loop returns or raises")


class Deliverer:
    """A thread that delivers until it is told to stop. The file of channels is read anew for each pass."""

    def __init__(
        self,
        place: str | Path,
        file: Path | None,
        *,
        watches: Sequence[Watch] = WATCHES,
        fill: Fill | None = None,
        said: Callable[[Passed | StillwatchError], object] = lambda _: None,
    ) -> None:
        """place: of the store; file: of channels; fill: see `deliver`; said: is called after each pass, with
        what it did or what kept it from it.
        """
        self._database = Database(place)
        self._file, self._watches, self._fill, self._said = file, tuple(watches), fill, said
        self._channels = read_channels(file)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self.run, name="stillwatch-deliverer", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self, patience_s: float = 30.0) -> None:
        """End after the attempt that is under way; wait for it so many seconds at most."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join(patience_s)
        self._database.close()

    def run(self) -> None:
        """Deliver until stopped: a pass, a wait, and so on. A store or a file that cannot be used is told of,
        and tried again.
        """
        while not self._stop.is_set():
            try:
                self._channels = read_channels(self._file)
                self._said(
                    deliver(
                        self._database,
                        self._channels,
                        watches=self._watches,
                        fill=self._fill,
                        stop=self._stop,
                    )
                )
            except StillwatchError as error:
                self._said(error)
            self._stop.wait(self._channels.settings.every_s)
