"""How every output writes a time: ISO 8601, UTC, with a Z."""

from __future__ import annotations

from datetime import UTC, datetime


def iso(time: datetime) -> str:
    """A time as 2026-02-01T10:00:00Z, with microseconds where it has some; one without a zone is UTC."""
    utc = time.replace(tzinfo=None) if time.tzinfo is None else time.astimezone(UTC).replace(tzinfo=None)
    return utc.isoformat() + "Z"
