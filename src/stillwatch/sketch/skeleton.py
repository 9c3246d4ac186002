"""What is left of a text when its payload is masked, and the fingerprints of that, compiled."""

from __future__ import annotations

import numpy as np

from stillwatch.schema.keyed import Int64s, siphash_word
from stillwatch.sketch.kernel import kernel
from stillwatch.sketch.lexicon import Numbers
from stillwatch.sketch.spans import Whole
from stillwatch.sketch.words import CODE, DATED, NUMBER, PLAIN, QUOTED, SPAN, Words

VALUE, ORIGIN = range(2)
"""Columns of a masked text: the word, and the place of the word it came from."""
_FACTOR = np.uint64(0x9E3779B97F4A7C15)


@kernel
def mask(words: Words, n: Whole, spans: bool, out: Words) -> Whole:
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
def fold(values: Words, column: Whole, start: Whole, stop: Whole) -> np.uint64:
    """Hash of a sequence of words in one column."""
    total = np.uint64(stop - start)
    for i in range(start, stop):
        total = np.uint64((total + values[i, column]) * _FACTOR)
        total ^= total >> np.uint64(29)
    return total


@kernel
def winnow(values: Words, n: Whole, size: Whole, k0: np.uint64, k1: np.uint64, ring: Int64s, sheet: Numbers, row: Whole, first: Whole) -> Whole:
    """Keys of the lowest-ranked distinct winnowed shingles to the sheet from column `first` on, ascending; returns how many.

    Schleimer, Wilkerson, Aiken, SIGMOD 2003, section 3; the window is the ring's length. Keys are SipHash of the ranks.
    """
    window = len(ring)
    size = min(size, n)
    lead = _FACTOR
    for _ in range(size):
        lead = np.uint64(lead * _FACTOR)
    total = np.uint64(0)
    found: Whole = np.int64(0)  # a literal 0 would compile `keep` twice
    place, best = found, found
    best_at = found
    for i in range(n):
        total = np.uint64((total + values[i, VALUE]) * _FACTOR)
        if i >= size:
            total = np.uint64(total - values[i - size, VALUE] * lead)
        at = i - size + 1
        if at < 0:
            continue
        ring[place] = chosen_by(total, k0, k1)
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
    for place in range(first, first + found):
        sheet[row, place] = np.int64(siphash_word(np.uint64(sheet[row, place]), k0, k1))
    ascend(sheet, row, first, first + found)
    return found


@kernel
def chosen_by(total: np.uint64, k0: np.uint64, k1: np.uint64) -> np.int64:
    """Rank of a shingle: secret, so that nobody can write words that always win, and one to one, so that equal ranks are equal shingles."""
    value = np.uint64((total ^ k0) * (k1 | np.uint64(1)))
    value = np.uint64((value ^ (value >> np.uint64(32))) * (k0 | np.uint64(1)))
    return np.int64(value ^ (value >> np.uint64(29)))


@kernel
def ascend(sheet: Numbers, row: Whole, first: Whole, stop: Whole) -> None:
    """Sort a few neighbouring columns of a row."""
    for place in range(first + 1, stop):
        value = sheet[row, place]
        at = place
        while at > first and sheet[row, at - 1] > value:
            sheet[row, at] = sheet[row, at - 1]
            at -= 1
        sheet[row, at] = value


@kernel
def smallest(ring: Int64s, oldest: Whole) -> Whole:
    """Place of the smallest value of a full ring; of equal ones the newest."""
    best = oldest
    for step in range(1, len(ring)):
        place = oldest + step - (len(ring) if oldest + step >= len(ring) else 0)
        if ring[place] <= ring[best]:
            best = place
    return best


@kernel
def keep(sheet: Numbers, row: Whole, first: Whole, found: Whole, value: Whole) -> Whole:
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
