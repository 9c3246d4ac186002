"""What differs from row to row in request and response lines (envelope.py says what is read of them)."""

from __future__ import annotations

from stillwatch.ingest.envelope import (
    ACCOUNTS,
    ADDRESSES,
    ANSWERS,
    BODIES,
    COSTS,
    COUNTED,
    DURATIONS,
    ENDS,
    FORWARDED,
    HEADERS,
    IDS,
    PEERS,
    SESSIONS,
    TIMES,
)
from stillwatch.ingest.frames import outline
from stillwatch.ingest.frames.outline import Inside, Kind

_KINDS = (
    (ACCOUNTS, Kind.TEXT),
    (SESSIONS, Kind.ID),
    (("user_agent", "ja4"), Kind.TEXT),
    ((*ADDRESSES, *PEERS, *FORWARDED), Kind.ADDRESS),
    ((*DURATIONS, *COUNTED), Kind.COUNT),
    (COSTS, Kind.DOLLARS),
    ((*TIMES, *ENDS), Kind.TIME),
    (IDS, Kind.ID),
)
AROUND: dict[str, Kind | Inside] = {name: kind for names, kind in _KINDS for name in names}
"""What stands around the bodies."""
_NESTED = Inside(
    {
        **outline.BODY,
        "id": Kind.ID,
        "time": Kind.TIME,
        "headers": outline.HEADERS,
        "body": Inside(outline.BODY),
    }
)
LINE = Inside(
    {
        **outline.BODY,
        **AROUND,
        **dict.fromkeys(HEADERS, outline.HEADERS),
        **dict.fromkeys(BODIES, _NESTED),
        **dict.fromkeys(ANSWERS, Inside({**outline.ANSWER.names, "body": outline.ANSWER})),
        "usage": Kind.USAGE,
        "choices": outline.ANSWER.names["choices"],
    },
    by_name=True,
)
"""A line of `read_line`."""
