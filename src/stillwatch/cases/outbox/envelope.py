"""A message as it is sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Envelope:
    """A message, with what makes it known again."""

    uid: str
    """Id by which receivers know it, the same in every attempt."""
    topic: str
    """What happened."""
    case: int | None
    """Number of the case."""
    body: Mapping[str, Any]
    """What it says."""
    made: float
    """When it was queued, POSIX seconds."""
    console: str = ""
    """Address of the console, for a link; empty: none."""

    @property
    def link(self) -> str:
        """Where the case is in the console; empty where there is none."""
        return f"{self.console.rstrip('/')}/cases/{self.case}" if self.console and self.case else ""
