"""Tokens since midnight (UTC), counted so that a clock which jumps over midnight and back loses nothing."""

from __future__ import annotations

from dataclasses import dataclass

DAY_S = 86_400


@dataclass(slots=True)
class DayCount:
    """The count of a day, and that of the day which was counted before it."""

    day: int = 0
    """Days since 1970 (UTC)."""
    used: int = 0
    """Tokens of that day."""
    other_day: int = 0
    """The day before it, or whichever day the clock showed before."""
    other_used: int = 0
    """Tokens of that day."""

    def at(self, now: float) -> int:
        """Return the tokens of the day of a time, and go on counting that day."""
        day = int(now // DAY_S)
        if day != self.day:
            kept = self.other_used if day == self.other_day else 0
            self.other_day, self.other_used = self.day, self.used
            self.day, self.used = day, kept
        return self.used

    def add(self, tokens: int, now: float) -> int:
        """Add tokens, or with a negative number take some off; returns the day's. Never less than 0."""
        self.used = max(self.at(now) + tokens, 0)
        return self.used
