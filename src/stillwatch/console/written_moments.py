"""Days and times that people write into forms, UTC."""

from __future__ import annotations

from datetime import UTC, datetime

from stillwatch.errors import InputError


def written_moment(text: str, field: str) -> float | None:
    """Return a time in POSIX seconds; None for an empty text. A day alone is its first moment (UTC). Raises
    InputError for what is no time.
    """
    text = text.strip()
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise InputError(
            "this is no day", where=field, do="write 2027-01-31, or 2027-01-31T12:00Z"
        ) from error
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
