"""Where in the rows of a format stands what differs from row to row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum


class Kind(IntEnum):
    """Kinds of value that may differ from row to row while the rest of the row stays the same."""

    ID = 0
    """An id that is long enough to be nobody's placeholder."""
    TEXT = 1
    """The name of an account, a header, a session."""
    ADDRESS = 2
    """Addresses as proxies write them."""
    COUNT = 3
    """A whole number above zero: zero and nothing stay in the frame."""
    TIME = 4
    """A time as ISO 8601 or as an epoch."""
    WORDS = 5
    """Words that no reader looks into."""
    PROSE = 6
    """Words that some reader takes apart if they are JSON; such ones stay in the frame."""
    MESSAGES = 7
    """A list of messages that hold nothing but roles and plain text."""
    USAGE = 8
    """Counts of tokens in any API's words, read as a whole since they are weighed against one another."""
    DOLLARS = 9
    """An amount above zero in US dollars, read as micro-dollars."""


NUMBERS = (Kind.COUNT, Kind.DOLLARS)
"""Kinds that are added up."""


@dataclass(frozen=True)
class Inside:
    """What differs inside an object."""

    names: Mapping[str, Kind | Inside] = field(default_factory=dict)
    """What stands under each name."""
    others: Kind | None = None
    """What stands under every other name that holds no object, in lower case; None: it stays in the frame."""
    but: tuple[str, ...] = ()
    """Beginnings of names to which `others` does not apply."""
    by_name: bool = False
    """Whether the reader only asks this object for names, so that those it never asks for can be left out.
    It must not be handed as a whole to code in C that looks into it."""
    single: bool = False
    """Whether it is the only item of a list."""
    as_text: bool = False
    """Whether the reader takes the same from JSON text here as from the object."""
    texts: tuple[str, ...] = ()
    """Names of MESSAGES of which it takes the same from JSON text."""


BLOCK = Inside({"text": Kind.WORDS, "id": Kind.ID}, single=True)
ANSWER = Inside(
    {
        "id": Kind.ID,
        "created": Kind.TIME,
        "created_at": Kind.TIME,
        "choices": Inside(
            {"message": Inside({"content": Kind.WORDS, "id": Kind.ID}), "text": Kind.WORDS}, single=True
        ),
        "content": BLOCK,
        "output": Inside({"id": Kind.ID, "content": BLOCK}, single=True),
        "usage": Kind.USAGE,
    }
)
"""The body of a response: one choice, one block of text."""
BODY: dict[str, Kind | Inside] = {
    "messages": Kind.MESSAGES,
    "input": Kind.MESSAGES,
    "system": Kind.PROSE,
    "instructions": Kind.PROSE,
    "prompt": Kind.PROSE,
    "user": Kind.TEXT,
    "safety_identifier": Kind.TEXT,
    "prompt_cache_key": Kind.TEXT,
    "metadata": Inside({"user_id": Kind.TEXT, "session_id": Kind.TEXT}),
}
"""The body of a request."""
HEADERS = Inside(
    others=Kind.TEXT,
    but=(
        "x-stainless",
        "anthropic-",
        "openai-organization",
        "authorization",
        "proxy-authorization",
        "x-api-key",
        "api-key",
        "cookie",
    ),
)
"""The headers of a request; those of the SDK are few, and the credentials are not held twice."""
