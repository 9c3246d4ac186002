"""What an edge's log is called and how its columns are named."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from re import Pattern

COLUMNS = (
    "request_id",
    "client",
    "forwarded",
    "peer",
    "ja4",
    "user_agent",
    "stainless",
    "asn",
    "network_class",
    "region",
    "time",
)
"""What may be named. The address comes from three: client (the edge says who it is), forwarded (a header that
proxies wrote), peer (the other end of the connection).
"""


@dataclass(frozen=True)
class EdgeNames:
    """One kind of edge log."""

    title: str
    """Its name for people."""
    source: str
    """Where its columns are specified."""
    columns: Mapping[str, tuple[str, ...]]
    """Our column to the names it may have, the best first; `@name` is a header of that name."""
    blind_spots: str
    """What it does not show."""
    lines: tuple[Pattern[str], ...] = ()
    """Forms of its text lines; the groups are names of columns."""
    fields: str = field(default="")
    """The fields of its text lines in order, separated by spaces; empty: it has none, or `lines`."""
