"""Lists of words and phrases, one text file each, and how they are read."""

from __future__ import annotations

import threading
from functools import cached_property
from importlib.resources import files

import numpy as np

from stillwatch.schema.flags import Flag
from stillwatch.sketch.words import Alphabet, Words, alphabet, room, split

OF_FLAGS = tuple(
    (f"{flag.name.lower()}.txt", flag.value)
    for flag in Flag
    if flag.name and (flag <= Flag.JUDGE or flag is Flag.STEPS)
)
"""Lists of cues, and the flags that they support."""
SHORT = 1_024
"""A text of at most so many bytes needs no room of its own."""


def lines_of(name: str) -> list[str]:
    """Return the lines of a text file in this folder, without comments and blank lines."""
    text = files(__name__).joinpath(name).read_text(encoding="utf-8")
    return [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("# ")]


def words_of(text: str) -> Words:
    """Return the words of one text, for tables and labels; not for traffic."""
    data = np.frombuffer(text.encode(), np.uint8)
    words = room(len(data) + 4)
    letters = _ROOM.letters if len(data) <= SHORT else alphabet(len(data))
    return words[: split(data, 0, len(data), letters, words, 0, np.uint64(0))[0]]


class _Room(threading.local):
    """Room for a short text, one per thread, since kernels run at the same time."""

    @cached_property
    def letters(self) -> Alphabet:
        """The alphabet: making it takes most of the time, and a list of cues has thousands of texts."""
        return alphabet(SHORT)


_ROOM = _Room()
