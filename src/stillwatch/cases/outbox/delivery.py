"""One message on its way to one channel: its states, and what of it is shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from stillwatch.guard.moments import told, told_or_none

WAITING, SENDING, DELIVERED, DEAD, DROPPED = "waiting", "sending", "delivered", "dead", "dropped"
STATES = (WAITING, SENDING, DELIVERED, DEAD, DROPPED)
"""To be sent; being sent by a deliverer until its claim ends; taken by the receiver; given up; given up by a
person.
"""


@dataclass(frozen=True)
class Delivery:
    """A message on its way to a channel, or a message that goes to none."""

    message: int
    """Number of the message."""
    uid: str
    """Id by which receivers know it."""
    topic: str
    """What happened."""
    case: int | None
    """Number of the case; None: it is about none."""
    made: float
    """When it was queued, POSIX seconds."""
    channel: str
    """Name of the channel; empty: it goes to none, or nobody looked yet."""
    state: str
    """One of STATES; where it goes to no channel, the state of the message."""
    attempts: int = 0
    """How often it was sent."""
    due: float | None = None
    """When it is sent next, or when the claim of its deliverer ends, POSIX seconds."""
    tried: float | None = None
    """When it was last sent, POSIX seconds."""
    settled: float | None = None
    """When it was delivered or given up, POSIX seconds."""
    said: str = ""
    """What came of the last attempt, or who gave it up."""

    def document(self) -> dict[str, Any]:
        """Return it for people and programs: times as ISO 8601."""
        open_still = self.state in (WAITING, SENDING)
        return {
            "message": self.message,
            "uid": self.uid,
            "topic": self.topic,
            "case": self.case,
            "made": told(self.made),
            "channel": self.channel,
            "state": self.state,
            "attempts": self.attempts,
            "due": told_or_none(self.due if open_still else None),
            "tried": told_or_none(self.tried),
            "settled": told_or_none(self.settled),
            "said": self.said,
        }


@dataclass(frozen=True)
class Logged:
    """What a person did with a message that was not delivered."""

    time: float
    """When, POSIX seconds."""
    message: int
    """Number of the message."""
    channel: str
    """Name of the channel."""
    did: str
    """again or dropped."""
    actor: str
    """Who."""
    reason: str
    """Why."""

    def document(self) -> dict[str, Any]:
        """Return it for people and programs."""
        return {
            "time": told(self.time),
            "message": self.message,
            "channel": self.channel,
            "did": self.did,
            "by": self.actor,
            "reason": self.reason,
        }
