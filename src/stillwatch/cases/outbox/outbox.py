"""The door to the outbox: what the commands and the console may do with messages."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from stillwatch.cases.database import Database
from stillwatch.cases.outbox.channels_file import Channels
from stillwatch.cases.outbox.deliverer import WATCHES, Fill, Passed, Watch, deliver
from stillwatch.cases.outbox.delivery import DEAD, DROPPED, STATES, WAITING, Delivery, Logged
from stillwatch.cases.outbox.message import Message
from stillwatch.cases.outbox.queue import AT_ONCE, PLANNED, body_of, queue
from stillwatch.cases.outbox.rows import DeliveryLogRow, DeliveryRow, MessageRow
from stillwatch.cases.words import name_of, text_of
from stillwatch.errors import CaseError

MOST_LISTED = 1_000
"""Deliveries that one listing has; the newest are shown."""
AGAIN = "again"


class Outbox:
    """Messages about cases, and their way to the channels. Threads may share it.

    Methods raise CaseError for what cannot be done and where the store cannot be used.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def queue(self, message: Message) -> bool:
        """Queue a message by itself; False: it was queued before."""
        with self._database.writing() as session:
            return queue(session, message)

    def deliver(
        self,
        channels: Channels,
        *,
        watches: Sequence[Watch] = WATCHES,
        fill: Fill | None = None,
        stop: threading.Event | None = None,
    ) -> Passed:
        """Make one pass: see `deliverer.deliver`."""
        return deliver(self._database, channels, watches=watches, fill=fill, stop=stop)

    def deliveries(
        self,
        state: str | None = None,
        *,
        channel: str | None = None,
        case: int | None = None,
        most: int = MOST_LISTED,
    ) -> list[Delivery]:
        """Return deliveries, the newest first, and messages that go to no channel; of one state, channel or
        case where these are given.
        """
        shown = sa.func.coalesce(DeliveryRow.state, MessageRow.state)
        query = (
            sa.select(MessageRow, DeliveryRow)
            .outerjoin(DeliveryRow, DeliveryRow.message_id == MessageRow.id)
            .order_by(MessageRow.id.desc(), DeliveryRow.channel)
            .limit(most)
        )
        if state is not None:
            query = query.where(shown == state)
        if channel is not None:
            query = query.where(DeliveryRow.channel == channel)
        if case is not None:
            query = query.where(MessageRow.case_id == case)
        with self._database.reading() as session:
            return [_shown(message, row) for message, row in session.execute(query)]

    def of_keys(self, keys: Iterable[str]) -> list[tuple[str, Delivery]]:
        """Return the deliveries of messages by their keys, each with its key."""
        wanted, found = list(keys), []
        with self._database.reading() as session:
            for start in range(0, len(wanted), AT_ONCE):
                query = (
                    sa.select(MessageRow, DeliveryRow)
                    .outerjoin(DeliveryRow, DeliveryRow.message_id == MessageRow.id)
                    .where(MessageRow.key.in_(wanted[start : start + AT_ONCE]))
                    .order_by(MessageRow.id, DeliveryRow.channel)
                )
                found += [(message.key, _shown(message, row)) for message, row in session.execute(query)]
        return found

    def show(self, number: int) -> tuple[list[Delivery], dict[str, Any], list[Logged]]:
        """Return the deliveries of a message, what it says, and what people did with them."""
        with self._database.reading() as session:
            message = _message(session, number)
            rows = session.scalars(
                sa.select(DeliveryRow).where(DeliveryRow.message_id == number).order_by(DeliveryRow.channel)
            ).all()
            logged = session.scalars(
                sa.select(DeliveryLogRow)
                .where(DeliveryLogRow.message_id == number)
                .order_by(DeliveryLogRow.id)
            ).all()
            told = [_shown(message, row) for row in rows] or [_shown(message, None)]
            return told, body_of(message), [_logged(row) for row in logged]

    def counts(self) -> Counter[tuple[str, str]]:
        """Return how many deliveries there are by channel and state; messages without one under an empty
        channel.
        """
        with self._database.reading() as session:
            return counted(session)

    def again(self, number: int, channel: str | None = None, *, by: str, reason: str) -> list[Delivery]:
        """Send a message anew that was given up: to one channel, or to all that it was given up for."""
        return self._decide(number, channel, by, reason, (DEAD, DROPPED), AGAIN)

    def drop(self, number: int, channel: str | None = None, *, by: str, reason: str) -> list[Delivery]:
        """Give a message up for good that was not delivered: for one channel, or for all that are left."""
        return self._decide(number, channel, by, reason, (DEAD, WAITING), DROPPED)

    def _decide(
        self, number: int, channel: str | None, by: str, reason: str, states: Sequence[str], did: str
    ) -> list[Delivery]:
        actor, why, now = name_of(by), text_of(reason), time.time()
        with self._database.writing() as session:
            message = _message(session, number)
            query = sa.select(DeliveryRow).where(
                DeliveryRow.message_id == number, DeliveryRow.state.in_(states)
            )
            if channel is not None:
                query = query.where(DeliveryRow.channel == channel)
            rows = list(session.scalars(query))
            if not rows:
                where = f" for channel {channel}" if channel is not None else ""
                raise CaseError(
                    f"message {number} has nothing{where} that is {' or '.join(states)}",
                    where=f"message {number}",
                    do=f"see `stillwatch case deliveries show {number}`",
                )
            for row in rows:
                if did == AGAIN:
                    row.state, row.attempts, row.due, row.settled = WAITING, 0, now, None
                else:
                    row.state, row.settled, row.claim = DROPPED, now, ""
                _log(session, row, did, actor, why, now)
            session.flush()
            return [_shown(message, row) for row in rows]


def counted(session: Session) -> Counter[tuple[str, str]]:
    """Return how many deliveries there are by channel and state, within a session."""
    of_channels = sa.select(DeliveryRow.channel, DeliveryRow.state, sa.func.count()).group_by(
        DeliveryRow.channel, DeliveryRow.state
    )
    of_messages = (
        sa.select(MessageRow.state, sa.func.count())
        .where(MessageRow.state != PLANNED)
        .group_by(MessageRow.state)
    )
    found = Counter({(channel, state): n for channel, state, n in session.execute(of_channels)})
    found.update({("", state): n for state, n in session.execute(of_messages)})
    return found


def checked_state(text: str) -> str:
    """Return a state of a delivery. Raises CaseError for another word."""
    if text not in STATES:
        raise CaseError(
            f"there is no state {text[:80]!r} of a delivery",
            where="--state",
            do=f"known: {', '.join(STATES)}",
        )
    return text


def _message(session: Session, number: int) -> MessageRow:
    found = session.get(MessageRow, number)
    if found is None:
        raise CaseError(
            f"there is no message {number}", where="MESSAGE", do="see `stillwatch case deliveries list`"
        )
    return found


def _log(session: Session, row: DeliveryRow, did: str, actor: str, why: str, now: float) -> None:
    last = session.scalar(sa.select(sa.func.max(DeliveryLogRow.id))) or 0
    session.execute(
        sa.insert(DeliveryLogRow).values(
            id=last + 1,
            time=round(now, 6),
            message_id=row.message_id,
            channel=row.channel,
            did=did,
            actor=actor,
            reason=why,
        )
    )


def _shown(message: MessageRow, row: DeliveryRow | None) -> Delivery:
    about = (message.id, message.uid, message.topic, message.case_id, message.made)
    if row is None:
        return Delivery(*about, "", message.state)
    return Delivery(*about, row.channel, row.state, row.attempts, row.due, row.tried, row.settled, row.said)


def _logged(row: DeliveryLogRow) -> Logged:
    return Logged(row.time, row.message_id, row.channel, row.did, row.actor, row.reason)
