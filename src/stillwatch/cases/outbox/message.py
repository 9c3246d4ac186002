"""A message about cases, as it is queued: what it is about, and a key by which it is known again."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from stillwatch.cases.event import canonical

TOPIC = re.compile(r"[a-z]+(?:\.[a-z_]+)*")
LONGEST_TOPIC = 64
LONGEST_KEY = 200
LARGEST = 16_384
"""Bytes of a body as canonical JSON; receivers of webhooks are promised less than 20 kB."""


@dataclass(frozen=True)
class Message:
    """Something to tell. Raises ValueError where it cannot be kept or sent: that is a fault of the caller."""

    topic: str
    """What happened: case.opened, alarm, deadline.breached, plan.step, notice, appeal.opened …"""
    key: str
    """Idempotency key; the same key is never queued twice."""
    case: int | None
    """Number of the case; None: it is about none."""
    body: Mapping[str, Any]
    """Ids, figures, the house's own words; never a customer's text."""

    def __post_init__(self) -> None:
        if not TOPIC.fullmatch(self.topic) or len(self.topic) > LONGEST_TOPIC:
            raise ValueError(f"BUG: {self.topic!r} is no topic")
        if not (0 < len(self.key) <= LONGEST_KEY and self.key.isascii() and self.key.isprintable()):
            raise ValueError(f"BUG: a key has 1 to {LONGEST_KEY} printable ASCII characters")
        if len(self.written()) > LARGEST:
            raise ValueError(f"BUG: the body of a message has at most {LARGEST:,} bytes")

    def written(self) -> str:
        """Return the body as canonical JSON."""
        return canonical(dict(self.body))
