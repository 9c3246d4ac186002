"""What is left of a text when its payload is masked, and the keys of that, compiled."""

from __future__ import annotations

import numpy as np

from stillwatch.sketch.kernel import inlined, kernel
from stillwatch.sketch.spans import Whole
from stillwatch.sketch.words import (
    CODE,
    COMMON,
    DATED,
    INFO,
    NAME,
    NAMED,
    NUMBER,
    PLAIN,
    QUOTED,
    SPAN,
    Words,
    folded,
)

VALUE, ORIGIN = range(2)
"""Columns of a masked text: the word, and the place of the word that it came from."""
FEW_WORDS = 5
"""If masking quotations and code leaves fewer words than this, only numbers and dates are masked."""


@kernel
def mask(words: Words, n: Whole, spans: bool, out: Words) -> Whole:
    """Write masked words to `out`; returns how many.

    Runs of numbers and dates are one word, and so is each quotation and code block if `spans`.
    """
    m = np.uint64(0)
    before, last = np.uint64(0), np.uint64(0)
    for i in range(np.uint64(n)):
        value = words[i, PLAIN]
        info = words[i, INFO]
        span = info >> np.uint64(SPAN)
        if spans and span != 0:
            if span == before:
                continue
            value = CODE if span & np.uint64(1) else QUOTED
        elif value == NUMBER or info & np.uint64(DATED):
            value = NUMBER
            if last == NUMBER:
                continue
        before, last = span, value
        out[m, VALUE] = value
        out[m, ORIGIN] = i
        m += np.uint64(1)
    return np.int64(m)


@kernel
def mask_message(words: Words, n: Whole, out: Words) -> Whole:
    """Write masked words of a message to `out`; returns how many.

    Quotations and code are masked unless almost nothing would be left.
    """
    count = mask(words, n, True, out)
    return count if count >= FEW_WORDS else mask(words, n, False, out)


@kernel
def edge(words: Words, masked: Words, count: Whole, size: Whole, step: Whole) -> np.uint64:
    """Hash of the first (step 1) or last (step -1) `size` masked words; a run of names is one word."""
    total = np.uint64(0)
    taken = 0
    named = False
    at = 0 if step > 0 else count - 1
    while 0 <= at < count:
        value = masked[at, VALUE]
        info = words[np.int64(masked[at, ORIGIN]), INFO]
        is_name = value > NAME and info & np.uint64(NAMED) != 0
        if not (is_name and named):
            if taken == size:
                break
            total = folded(total, NAME if is_name else value)
            taken += 1
        named = is_name
        at += step
    return folded(total, np.uint64(taken))


@inlined
def content(words: Words, masked: Words, i: Whole) -> np.uint64:
    """Return 1 for a masked word that is neither a common word nor a masked value, else 0."""
    common = words[masked[i, ORIGIN], INFO] // np.uint64(COMMON) & np.uint64(1)
    return np.uint64(np.uint64(masked[i, VALUE] > NAME) & ~common)


@kernel
def fold_all(masked: Words, n: Whole) -> np.uint64:
    """Return the hash of all masked words."""
    total = np.uint64(0)
    for i in range(n):
        total = folded(total, masked[i, VALUE])
    return total
