"""Moments of TAXII and STIX as whole microseconds since 1970, and as text."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

FORM = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,30}))?Z", re.ASCII
)
START = datetime(1970, 1, 1, tzinfo=UTC)
STEP = timedelta(microseconds=1)


def micros(text: str, *, exact: bool = False) -> int:
    """Return a moment in microseconds; more digits are cut off. exact: raise where they are not zero.

    Raises ValueError for text that is no moment in UTC.
    """
    found = FORM.fullmatch(text)
    if not found:
        raise ValueError("a moment is written YYYY-MM-DDTHH:MM:SS.ssssssZ")
    *parts, digits = found.groups()
    year, month, day, hour, minute, second = map(int, parts)
    digits = digits or ""
    if exact and digits[6:].strip("0"):
        raise ValueError("a moment has at most six digits after its second")
    moment = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    return (moment - START) // STEP + int(digits[:6].ljust(6, "0"))


def moment_text(moment: int) -> str:
    """Return microseconds as TAXII writes them: six digits after the second, and a Z."""
    return (START + moment * STEP).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
