"""What came of one attempt."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Outcome:
    """What came of sending a message to a channel once."""

    delivered: bool
    """Whether the receiver took it."""
    said: str
    """What came back, in words of ours: HTTP 503, timed out …"""
    again: bool = True
    """Of a failure: whether another attempt makes sense."""
    after: float | None = None
    """Of a failure: the seconds that the receiver wants to be left alone."""
    channel_rests: bool = True
    """Of a failure: whether the next message would fail too, so that the channel waits."""
