"""Which values are so ordinary that a format's reader treats all of them alike."""

from __future__ import annotations

import re
from typing import Any

from stillwatch.ingest.frames.outline import Kind
from stillwatch.ingest.secrets import account_text
from stillwatch.ingest.values import absent

MOST = 10**8
"""Counts from here on may be refused."""
SHORTEST_ID = 16
LONGEST_TEXT = 200
SHORTEST_WORDS = 24
"""Shorter texts may be a mark that a reader knows; they stay in the frame."""
LONGEST_MESSAGES = 2_000
ISO = re.compile(
    r"20\d\d-[01]\d-[0-3]\d[T ][0-2]\d:[0-5]\d:[0-5]\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d)?\Z", re.ASCII
)
DIGITS = re.compile(r"[1-9][0-9]{0,7}\Z", re.ASCII)
ADDRESSES = re.compile(r"[0-9a-fA-F.:]{2,45}(?:, ?[0-9a-fA-F.:]{2,45}){0,7}\Z", re.ASCII)
PARTS = {"type", "text"}
REMEMBERED = 100_000
WRAPPED = ("{", "[", '"', "\\", "'", " ", "\t", "\n", "\r", "data:", "event:", ":", "\ufeff")
"""Beginnings of texts that may be taken apart."""


class Ordinary:
    """Tells ordinary values apart from others; remembers the texts that it has seen."""

    def __init__(self) -> None:
        self.seen: set[str] = set()
        """Texts that were ordinary."""

    def text(self, value: Any) -> bool:
        """Whether a value is a name like any other: no placeholder, no mask, no mark of a gateway."""
        if type(value) is not str:
            return False
        if value in self.seen:
            return True
        if not plain_text(value):
            return False
        if len(self.seen) > REMEMBERED:
            self.seen.clear()
        self.seen.add(value)
        return True


def plain_text(value: str) -> bool:
    """The same, without memory."""
    return (
        len(value) <= LONGEST_TEXT
        and value.isascii()
        and value.isprintable()
        and value[:1].isalnum()
        and value[-1] != " "
        and "litellm" not in (low := value.lower())
        and not low.startswith(("bearer", "basic", "token", "modr-"))
        and not absent(value)
        and account_text(value) == value
    )


def plain_id(value: Any) -> bool:
    """Whether a value is an id like any other."""
    return (
        type(value) is str
        and SHORTEST_ID <= len(value) <= LONGEST_TEXT
        and value.isascii()
        and value.isprintable()
        and value[0].isalnum()
        and value[-1] != " "
        and not value.startswith("modr-")
    )


def plain_messages(value: Any) -> bool:
    """Whether messages hold nothing but a role and plain text, whole or in parts."""
    if type(value) is not list or not 0 < len(value) <= LONGEST_MESSAGES:
        return False
    words = 0
    for item in value:
        if type(item) is not dict or len(item) != 2 or type(item.get("role")) is not str:
            return False
        content = item.get("content")
        if type(content) is str:
            words += len(content)
        elif type(content) is list:
            for part in content:
                if (
                    type(part) is not dict
                    or part.keys() != PARTS
                    or part["type"] != "text"
                    or type(part["text"]) is not str
                ):
                    return False
                words += len(part["text"])
        else:
            return False
    return words >= SHORTEST_WORDS


def shape_of(usage: Any, depth: int = 0) -> Any:
    """Return a usage object with 1 in place of every count above zero; None if it holds anything but counts,
    nothing, and objects of them.
    """
    if type(usage) is not dict or not usage or depth > 1:
        return None
    shape: dict[str, Any] = {}
    for name, value in usage.items():
        kind = type(value)
        if kind is int and 0 <= value < MOST:
            shape[name] = 1 if value else 0
        elif value is None:
            shape[name] = None
        elif kind is dict and (not value or (inside := shape_of(value, depth + 1)) is not None):
            shape[name] = inside if value else value
        else:
            return None
    return shape


def plain_words(value: Any, kind: Kind) -> bool:
    """Whether a text is long enough to be no mark; as PROSE, it must not look as if it could be unpacked."""
    return (
        type(value) is str
        and len(value) >= SHORTEST_WORDS
        and not value.isspace()
        and (kind is Kind.WORDS or not value.startswith(WRAPPED))
    )
