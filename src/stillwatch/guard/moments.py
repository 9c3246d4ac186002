"""Times of the guard: POSIX seconds inside, ISO 8601 in files and output."""

from __future__ import annotations

from datetime import UTC, datetime

from stillwatch.iso_time import iso

LATEST = 253_402_300_799.0
"""The last second of the year 9999."""


def told(seconds: float) -> str:
    """Return a time as ISO 8601 in UTC."""
    return iso(datetime.fromtimestamp(min(max(seconds, 0.0), LATEST), UTC))


def told_or_none(seconds: float | None) -> str | None:
    """Return a time as ISO 8601 in UTC, None for none."""
    return None if seconds is None else told(seconds)


def seconds_of(text: str) -> float:
    """Return a time in POSIX seconds. Raises ValueError for what is no time in ISO 8601 with a zone."""
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError(f"no zone: {text}")
    return found.timestamp()


def seconds_or_none(text: str | None) -> float | None:
    """Return a time in POSIX seconds, None for none."""
    return None if text is None else seconds_of(text)
