"""Lines that have a JSON object after what a shipper wrote before it: CRI, syslog, compose, exports.

Sources: Kubernetes CRI logging format (design proposal "kubelet CRI logging"); RFC 5424 and RFC 3164;
CloudWatch Logs' export to S3 (time, space, message); `docker compose logs`, `kubectl logs --prefix`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import orjson

LONGEST_PREFIX = 1024
ISO = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:[ ]?(?:Z|UTC|[+-]\d\d:?\d\d))?"
TIME = re.compile(ISO)
CRI = re.compile(rf"({ISO}) (stdout|stderr) ([FP])(?::\w)* ?(.*)", re.DOTALL)
PREFIX = re.compile(
    rf"""(?:\x1b\[[0-9;]*m)*(?:
    (?:\d+\ )?<\d{{1,3}}>                             # syslog, with or without its length
    | [A-Z][a-z]{{2}}\ [ \d]\d\ \d\d:\d\d:\d\d\ \S+\  # syslog as files hold it
    | [\[(]?{ISO}                                     # a time
    | [\w./-]{{1,128}}(?:\x1b\[[0-9;]*m)*\s+\|\       # docker compose, pm2
    | \[[\w./-]{{1,256}}\]\                           # kubectl --prefix
    | \[?(?:TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR)\b # a level
    )""",
    re.VERBOSE,
)


@dataclass(frozen=True)
class Line:
    """A line taken apart."""

    row: dict[str, Any] | None
    """The object in it; None: there is none."""
    time: str | None = None
    """The time before it."""


@dataclass(frozen=True)
class Piece:
    """A line of a container's log, as the container runtime wrote it."""

    time: str
    """When it was written."""
    stream: str
    """stdout or stderr."""
    whole: bool
    """Whether the container's line ends here."""
    text: str
    """Its text."""


def cri(text: str) -> Piece | None:
    """Return the parts of a CRI line; None if it is none."""
    found = CRI.match(text)
    return Piece(found[1], found[2], found[3] == "F", found[4]) if found else None


def line_of(text: str) -> Line:
    """Return the object that a line ends with, if what is before it is what shippers write."""
    text = text.strip().strip("\0")
    at = text.find("{", 0, LONGEST_PREFIX)
    if at == 0:
        return Line(_object(text))
    if at < 0 or not text.endswith("}") or not PREFIX.match(text[:at]):
        return Line(None)
    for _ in range(3):  # a prefix may hold a bracket of its own
        row = _object(text[at:])
        if row is not None:
            found = TIME.search(text[:at])
            return Line(row, found[0] if found else None)
        at = text.find("{", at + 1, LONGEST_PREFIX)
        if at < 0:
            break
    return Line(None)


def holds_objects(head: bytes) -> bool:
    """Return whether the first lines of a text that begins with no bracket hold JSON objects."""
    for line in head.split(b"\n")[:64]:
        text = line.decode("utf-8", "replace")
        piece = cri(text)
        if piece is not None or line_of(text).row is not None:
            return True
    return False


def _object(text: str) -> dict[str, Any] | None:
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return value if isinstance(value, dict) else None
