"""Claims: of several deliverers one sends a message, and a claim ends by itself if its deliverer does."""

from __future__ import annotations

import random
import secrets
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from stillwatch.cases.outbox.delivery import DEAD, DELIVERED, SENDING, WAITING
from stillwatch.cases.outbox.delivery_settings import DeliverySettings
from stillwatch.cases.outbox.envelope import Envelope
from stillwatch.cases.outbox.outcome import Outcome
from stillwatch.cases.outbox.queue import body_of
from stillwatch.cases.outbox.rows import DeliveryRow, MessageRow

ABANDONED = "the deliverer ended before it knew what came of the last attempt"


@dataclass(frozen=True)
class Claim:
    """A delivery that one deliverer may send."""

    message: int
    """Number of the message."""
    channel: str
    """Name of the channel."""
    token: str
    """What the deliverer is known by."""
    attempts: int
    """The number of this attempt."""
    envelope: Envelope
    """What is sent."""


def claim(session: Session, channel: str, settings: DeliverySettings, now: float) -> Claim | None:
    """Claim the next message of a channel, within a session that writes; None: none is due.

    A claim that has ended is taken over; after too many attempts the message is a dead letter.
    """
    query = (
        sa.select(DeliveryRow, MessageRow)
        .join(MessageRow, MessageRow.id == DeliveryRow.message_id)
        .where(
            DeliveryRow.channel == channel,
            DeliveryRow.state.in_((WAITING, SENDING)),
            DeliveryRow.due <= now,
        )
        .order_by(DeliveryRow.message_id)
        .limit(1)
    )
    while (found := session.execute(query).first()) is not None:
        row, message = found
        if row.attempts < settings.attempts:
            row.state, row.claim = SENDING, secrets.token_hex(16)
            row.attempts, row.tried, row.due = (
                row.attempts + 1,
                now,
                now + settings.timeout_s + settings.claim_s,
            )
            session.flush()
            envelope = Envelope(
                message.uid,
                message.topic,
                message.case_id,
                body_of(message),
                message.made,
                settings.console,
            )
            return Claim(row.message_id, channel, row.claim, row.attempts, envelope)
        row.state, row.settled, row.said = DEAD, now, ABANDONED
        session.flush()
    return None


def record(session: Session, claimed: Claim, outcome: Outcome, settings: DeliverySettings, now: float) -> str:
    """Write down what came of an attempt, within a session that writes.

    Returns the state of the delivery now; empty where the claim had ended, and another deliverer took over.
    """
    row = session.get(DeliveryRow, (claimed.message, claimed.channel))
    if row is None or row.state != SENDING or row.claim != claimed.token:
        return ""
    row.claim, row.said = "", outcome.said
    if outcome.delivered:
        row.state, row.settled = DELIVERED, now
    elif not outcome.again or row.attempts >= settings.attempts:
        row.state, row.settled = DEAD, now
    else:
        row.state, row.due = WAITING, now + wait_after(row.attempts, outcome.after, settings)
    session.flush()
    if outcome.after and not outcome.delivered:
        session.execute(
            sa.update(DeliveryRow)
            .where(
                DeliveryRow.channel == claimed.channel,
                DeliveryRow.state == WAITING,
                DeliveryRow.due < now + outcome.after,
            )
            .values(due=now + outcome.after)
        )
    return row.state


def wait_after(attempts: int, after: float | None, settings: DeliverySettings) -> float:
    """Return the seconds to the next attempt: twice as long each time, up to half of it by chance, and never
    sooner than the receiver asked.
    """
    whole = min(settings.first_wait_s * 2.0 ** min(attempts - 1, 60), settings.longest_wait_s)
    return max(whole * random.uniform(0.5, 1.0), after or 0.0)  # noqa: S311 - spreads load, hides nothing
