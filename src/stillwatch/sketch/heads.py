"""The words of template heads, masked, for an analyst who was allowed to read them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from stillwatch.schema.keyed import HashKey
from stillwatch.sketch.lexicon import Numbers, lexicon_of, unseen, words_of
from stillwatch.sketch.matching import match
from stillwatch.sketch.rows import FEW_WORDS, FIRST_SHINGLE, HEAD, HEAD_STOP, KNOWN, LANGUAGE_VOTES, LAST_USER, Texts
from stillwatch.sketch.skeleton import mask
from stillwatch.sketch.words import CODE, LINK, NUMBER, QUOTED, START, STOP, room

SHOWN = {int(NUMBER): "<number>", int(QUOTED): "<quoted>", int(CODE): "<code>", int(LINK): "<link>"}


def head_labels(texts: Texts, sheet: Numbers, key: HashKey) -> tuple[pa.Array[Any], pa.Array[Any]]:
    """Keys of the heads in a batch and their masked words; the caller drops heads that too few accounts share."""
    known = np.flatnonzero(sheet[:, KNOWN] & (1 << HEAD))
    keys, first = np.unique(sheet[known, HEAD], return_index=True)
    shown = []
    for row in known[first]:
        start = int(texts.spans[sheet[row, LAST_USER], 0])
        shown.append(masked(bytes(texts.data[start : int(sheet[row, HEAD_STOP])]), key))
    return pa.array(keys), pa.array(shown, pa.string())


def masked(data: bytes, key: HashKey) -> str:
    """A head's words as the kernels masked them."""
    words = words_of(data.decode("utf-8", "replace"), key)
    lexicon = lexicon_of(key)
    match(words, len(words), *lexicon, unseen(lexicon), 0, 1, np.zeros((1, FIRST_SHINGLE), np.int64), 0, LANGUAGE_VOTES)
    out = room(len(words))
    count = mask(words, len(words), True, out)
    if count < FEW_WORDS:
        count = mask(words, len(words), False, out)
    shown = []
    for value, origin in out[:count, :2].tolist():
        start, stop = (int(words[origin, column]) for column in (START, STOP))
        shown.append(SHOWN.get(value) or data[start:stop].decode("utf-8", "replace"))
    return " ".join(shown)
