"""A text's masked words, one by one, for the few texts whose words may be looked at."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from stillwatch.sketch.counters import planes
from stillwatch.sketch.cues import words_of
from stillwatch.sketch.frequent import common, look_up
from stillwatch.sketch.rows import FEW_WORDS
from stillwatch.sketch.skeleton import ORIGIN, VALUE, mask
from stillwatch.sketch.words import CODE, LINK, NUMBER, QUOTED, START, STOP, room

SHOWN = {int(NUMBER): "<number>", int(QUOTED): "<quoted>", int(CODE): "<code>", int(LINK): "<link>"}
"""How masked payload is shown."""


def masked_words(text: str) -> tuple[npt.NDArray[np.uint64], list[str]]:
    """Hashes of a text's words as the kernels mask them, and the words as they are written."""
    data = text.encode("utf-8", "replace")
    words = words_of(text)
    look_up(words, len(words), common(), planes())
    out = room(len(words))
    count = mask(words, len(words), True, out)
    if count < FEW_WORDS:
        count = mask(words, len(words), False, out)
    written = []
    for value, origin in out[:count, [VALUE, ORIGIN]].tolist():
        start, stop = (int(words[origin, column]) for column in (START, STOP))
        written.append(SHOWN.get(value) or data[start:stop].decode("utf-8", "replace"))
    return out[:count, VALUE].copy(), written
