"""The id of a decision."""

from __future__ import annotations

import os


def decision_id(now: float) -> str:
    """Return a UUID version 7 (RFC 9562, section 5.7) as 32 hex digits. now: POSIX seconds."""
    drawn = int.from_bytes(os.urandom(10), "big")
    high = (max(int(now * 1000), 0) & 0xFFFFFFFFFFFF) << 16 | 0x7000 | drawn >> 68
    return f"{high << 64 | 0x8 << 60 | drawn & 0x0FFFFFFFFFFFFFFF:032x}"
