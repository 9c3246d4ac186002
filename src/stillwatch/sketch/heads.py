"""The words of template heads, masked, for an analyst who was allowed to read them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from stillwatch.sketch.counters import planes
from stillwatch.sketch.cues import words_of
from stillwatch.sketch.frequent import common, look_up
from stillwatch.sketch.rows import FEW_WORDS, HEAD, HEAD_STOP, KNOWN, LAST_USER, Sheet, Texts
from stillwatch.sketch.skeleton import mask
from stillwatch.sketch.words import CODE, INFO, LINK, NAME, NAMED, NUMBER, QUOTED, START, STOP, room

SHOWN = {int(NUMBER): "<number>", int(QUOTED): "<quoted>", int(CODE): "<code>", int(LINK): "<link>"}


def head_labels(texts: Texts, sheet: Sheet) -> tuple[pa.Array[Any], pa.Array[Any]]:
    """Keys of the heads in a batch and their masked words; the caller drops heads that too few accounts share."""
    numbers = sheet.numbers
    known = np.flatnonzero(numbers[KNOWN] & (1 << HEAD))
    keys, first = np.unique(numbers[HEAD, known], return_index=True)
    shown = []
    for row in known[first]:
        start = int(texts.spans[numbers[LAST_USER, row], 0])
        shown.append(masked(bytes(texts.data[start : int(numbers[HEAD_STOP, row])])))
    return pa.array(keys), pa.array(shown, pa.string())


def masked(data: bytes) -> str:
    """A head's words as the kernels masked them."""
    words = words_of(data.decode("utf-8", "replace"))
    look_up(words, len(words), common(), planes())
    out = room(len(words))
    count = mask(words, len(words), True, out)
    if count < FEW_WORDS:
        count = mask(words, len(words), False, out)
    shown: list[str] = []
    for value, origin in out[:count, :2].tolist():
        info, start, stop = (int(words[origin, column]) for column in (INFO, START, STOP))
        named = value > NAME and info & NAMED
        if named and shown and shown[-1] == "<name>":
            continue
        shown.append(SHOWN.get(value) or ("<name>" if named else data[start:stop].decode("utf-8", "replace")))
    return " ".join(shown)
