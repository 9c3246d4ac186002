"""What logs write where they have no value. Imports nothing heavy: a gateway asks it of each request."""

from __future__ import annotations

from typing import Any

LONGEST_ID = 1024
"""Characters of an id or header that are kept."""
MISSING = frozenset(
    (
        "",
        "-",
        "--",
        "<null>",
        "(null)",
        "\\n",
        "(not set)",
        "redacted",
        "[redacted]",
        "<redacted>",
        "(redacted)",
        "[filtered]",
    )
)
"""Marks, in lower case, of a value that is missing or was taken out; no name is one of them."""
ABSENT = MISSING | frozenset(
    (
        "null",
        "none",
        "nil",
        "nan",
        "n/a",
        "undefined",
        "unknown",
    )
)
"""What logs write, in any case, where they have no value. Many rows share it, so as a value it would join
strangers.
"""
LONGEST_ABSENT = 16
MASKS = "*\u2022\u2026."
"""Characters of which a mask consists."""


def absent(value: Any) -> bool:
    """Return whether a field holds no value: nothing, or a mark that stands for nothing."""
    if isinstance(value, str):
        if len(value) > LONGEST_ABSENT:
            return value.isspace()
        bare = value.strip()
        return bare.lower() in ABSENT or not bare.strip(MASKS)
    return value is None
