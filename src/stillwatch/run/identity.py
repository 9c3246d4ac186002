"""The name of a run."""

from __future__ import annotations

import secrets
import time
import uuid
from datetime import UTC, datetime

from stillwatch.iso_time import iso


def fresh() -> dict[str, str]:
    """A new id and the time of making (UTC, ISO 8601), for run.json."""
    return {"id": str(uuid7()), "made": iso(datetime.now(UTC).replace(microsecond=0))}


def uuid7() -> uuid.UUID:
    """A UUID of version 7: 48 bits of milliseconds since 1970, then 74 random bits (RFC 9562, section
    5.7).
    """
    millisecond = time.time_ns() // 10**6
    number = (millisecond & (2**48 - 1)) << 80 | secrets.randbits(80)
    number = number & ~(0xF << 76) | 0x7 << 76
    return uuid.UUID(int=number & ~(0x3 << 62) | 0x2 << 62)
