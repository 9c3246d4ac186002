"""The arithmetic of a token bucket that may go into debt; `valkey_budgets` has the same in Lua.

A bucket holds one minute's worth. A request is granted where the bucket holds what it asks for, or is full:
so one that asks for more than a bucket is granted too, and leaves a debt that must be filled before the next.
"""

from __future__ import annotations

from dataclasses import dataclass

MINUTE_S = 60.0
DISORDER_S = 1.0
"""Seconds by which calls may be out of order."""


@dataclass(slots=True)
class Bucket:
    """Tokens of an account or a campaign."""

    level: float
    """Tokens that are there; negative: a debt."""
    time: float
    """When it was last filled, POSIX seconds."""
    size: float
    """Most that it holds: the rate a minute when it was last used."""

    def fill(self, size: float, now: float) -> None:
        """Let time fill it. A clock that went back fills nothing; one that went forward fills the bucket at
        most. Threads that tell their times out of order are no clock that went back.
        """
        passed = now - self.time
        self.level = min(self.level + max(passed, 0.0) / MINUTE_S * size, size)
        self.size = size
        if not -DISORDER_S < passed < 0.0:
            self.time = now

    def lacks(self, tokens: float) -> float:
        """Return the seconds until it grants so many tokens; 0.0: now."""
        missing = min(tokens, self.size) - self.level
        return missing / self.size * MINUTE_S if missing > 1e-9 else 0.0

    def give_back(self, tokens: float) -> None:
        """Put tokens back, up to a full bucket; negative: take them."""
        self.level = min(self.level + tokens, self.size)
