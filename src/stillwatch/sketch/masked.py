"""A text's masked words, one by one, for the few texts whose words may be read."""

from __future__ import annotations

from stillwatch.sketch.counters import planes
from stillwatch.sketch.cues import words_of
from stillwatch.sketch.frequent import common, look_up
from stillwatch.sketch.skeleton import ORIGIN, VALUE, mask, mask_message
from stillwatch.sketch.spans import Hashes
from stillwatch.sketch.words import CODE, LINK, NUMBER, QUOTED, START, STOP, Words, room

SHOWN = {int(NUMBER): "<number>", int(QUOTED): "<quoted>", int(CODE): "<code>", int(LINK): "<link>"}
"""How masked payload is shown."""


def masked(text: str, *, system: bool = False) -> tuple[Words, Words]:
    """Return a text's words, and its masked words as the kernels make them.

    In a system prompt, quotations and code are not masked.
    """
    words = words_of(text)
    look_up(words, len(words), common(), planes())
    out = room(len(words))
    return words, out[
        : mask(words, len(words), False, out) if system else mask_message(words, len(words), out)
    ]


def masked_words(text: str) -> tuple[Hashes, list[str]]:
    """Return hashes of a text's words as the kernels mask them, and the words as they are written."""
    data = text.encode("utf-8", "replace")
    words, out = masked(text)
    written = []
    for value, origin in out[:, [VALUE, ORIGIN]].tolist():
        start, stop = (int(words[origin, column]) for column in (START, STOP))
        written.append(SHOWN.get(value) or data[start:stop].decode("utf-8", "replace"))
    return out[:, VALUE].copy(), written
