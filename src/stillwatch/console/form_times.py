"""Times that people write into forms."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from stillwatch.errors import CaseError

DATE = len("2026-12-31")


def time_of(text: str, where: str) -> float | None:
    """Return a time in POSIX seconds; without a zone it is UTC, a bare date is the end of that day, and
    nothing is None. Raises CaseError for what is none.
    """
    said = text.strip()
    if not said:
        return None
    try:
        found = datetime.fromisoformat(said)
        if len(said) == DATE:
            found += timedelta(days=1)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError) as error:
        raise CaseError(
            "this is no time", where=where, do="write 2026-12-31 or 2026-12-31T18:00, in UTC"
        ) from error
