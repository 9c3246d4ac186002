"""What is left of a text when its payload is masked, and the fingerprints of that, compiled."""

from __future__ import annotations

import numpy as np

from stillwatch.schema.keyed import Int64s, siphash_word
from stillwatch.sketch.kernel import kernel
from stillwatch.sketch.lexicon import Numbers
from stillwatch.sketch.words import CODE, DATED, NUMBER, PLAIN, QUOTED, SPAN, Words

VALUE, ORIGIN = range(2)
"""Columns of a masked text: the word, and the place of the word it came from."""
_FACTOR = np.uint64(0x9E3779B97F4A7C15)


@kernel
def mask(words: Words, n: int, spans: bool, out: Words) -> int:
    """Masked words to `out`; runs of numbers and dates are one word, quotations and code blocks one each if `spans`. Returns how many."""
    m = 0
    before = np.uint64(0)
    for i in range(n):
        value = words[i, PLAIN]
        span = words[i, SPAN]
        if spans and span != 0:
            if span == before:
                continue
            value = CODE if span & np.uint64(1) else QUOTED
        elif value == NUMBER or words[i, DATED] != 0:
            value = NUMBER
            if m > 0 and out[m - 1, VALUE] == NUMBER:
                continue
        before = span
        out[m, VALUE] = value
        out[m, ORIGIN] = np.uint64(i)
        m += 1
    return m


@kernel
def fold(values: Words, column: int, start: int, stop: int) -> np.uint64:
    """Hash of a sequence of words in one column."""
    total = np.uint64(stop - start)
    for i in range(start, stop):
        total = np.uint64((total + values[i, column]) * _FACTOR)
        total ^= total >> np.uint64(29)
    return total


@kernel
def winnow(values: Words, n: int, size: int, k0: np.uint64, k1: np.uint64, ring: Int64s, sheet: Numbers, row: int, first: int) -> int:
    """The smallest distinct winnowed fingerprints to the sheet from column `first` to its end, ascending; returns how many.

    Schleimer, Wilkerson, Aiken, SIGMOD 2003, section 3; the window is the ring's length.
    """
    window = len(ring)
    size = min(size, n)
    lead = _FACTOR
    for _ in range(size):
        lead = np.uint64(lead * _FACTOR)
    total = np.uint64(0)
    found, place, best, best_at = 0, 0, 0, 0
    for i in range(n):
        total = np.uint64((total + values[i, VALUE]) * _FACTOR)
        if i >= size:
            total = np.uint64(total - values[i - size, VALUE] * lead)
        at = i - size + 1
        if at < 0:
            continue
        ring[place] = np.int64(siphash_word(total, k0, k1))
        moved = at == window - 1 or i == n - 1
        newest = place
        place = 0 if place == window - 1 else place + 1
        if at > 0 and best_at == at - window:
            best, moved = smallest(ring, place), True
            best_at = at - (newest - best if newest >= best else newest - best + window)
        elif at == 0 or ring[newest] <= ring[best]:
            best, best_at, moved = newest, at, moved or at >= window
        if moved:
            found = keep(sheet, row, first, found, ring[best])
    return found


@kernel
def smallest(ring: Int64s, oldest: int) -> int:
    """Place of the smallest value of a full ring; of equal ones the newest."""
    best = oldest
    for step in range(1, len(ring)):
        place = oldest + step - (len(ring) if oldest + step >= len(ring) else 0)
        if ring[place] <= ring[best]:
            best = place
    return best


@kernel
def keep(sheet: Numbers, row: int, first: int, found: int, value: int) -> int:
    """Insert a value among a row's smallest, ascending from column `first`; returns how many there are."""
    most = sheet.shape[1] - first
    if found == most and value >= sheet[row, first + found - 1]:
        return found
    place = 0
    while place < found and sheet[row, first + place] < value:
        place += 1
    if place < found and sheet[row, first + place] == value:
        return found
    found = min(found + 1, most)
    for j in range(first + found - 1, first + place, -1):
        sheet[row, j] = sheet[row, j - 1]
    sheet[row, first + place] = value
    return found
