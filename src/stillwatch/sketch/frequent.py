"""Common words of languages and words that name dates, as a small table for the kernels."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from stillwatch.sketch.counters import FULL, Planes, added, empty
from stillwatch.sketch.cues import lines_of, words_of
from stillwatch.sketch.kernel import inlined, kernel
from stillwatch.sketch.spans import Hashes, Whole
from stillwatch.sketch.words import COMMON, DATED, INFO, PLAIN, Words

SIZE, BITS = np.uint64(2048), 24
"""Places of the table. Each has the high bits of a word's hash, and below them so many bits of what it is."""
DATE = np.uint64(1 << (BITS - 1))
"""The bit of a word that names a date; the lower bits are the languages in which it is common."""
_HIGH, _LOW = np.uint64(0xFFFFFFFFFFFFFFFF << BITS & 0xFFFFFFFFFFFFFFFF), np.uint64((1 << BITS) - 1)


@lru_cache(maxsize=1)
def common() -> Hashes:
    """Make the table from languages.txt and dates.txt.

    Each word is in one of two places (Pagh and Rodler 2004), so that no look-up loops.
    """
    words: dict[int, int] = {}
    for bit, line in enumerate(lines_of("languages.txt")):
        for word in line.split(":", 1)[1].split():
            _add(words, word, 1 << bit)
    for line in lines_of("dates.txt"):
        for word in line.split():
            _add(words, word, int(DATE))
    table: list[tuple[int, int] | None] = [None] * int(SIZE)
    for entry in words.items():
        homeless, at = entry, int(_first(np.uint64(entry[0])))
        for _ in range(1000):
            table[at], homeless_or_none = homeless, table[at]
            if homeless_or_none is None:
                break
            homeless = homeless_or_none
            first, second = int(_first(np.uint64(homeless[0]))), int(_second(np.uint64(homeless[0])))
            at = second if at == first else first
        else:
            raise AssertionError("BUG: the table of common words is too small")
    return np.array([0 if entry is None else entry[0] & int(_HIGH) | entry[1] for entry in table], np.uint64)


def _add(words: dict[int, int], word: str, bits: int) -> None:
    (value,) = words_of(word)[:, PLAIN].tolist()
    words[value] = words.get(value, 0) | bits


@inlined
def _first(value: np.uint64) -> np.uint64:
    return value & (SIZE - np.uint64(1))


@inlined
def _second(value: np.uint64) -> np.uint64:
    return (value >> np.uint64(11)) & (SIZE - np.uint64(1))


@inlined
def bits_of(value: np.uint64, table: Hashes) -> np.uint64:
    """Return the bits of a word; 0 for one that is not in the table."""
    high = value & _HIGH
    one, two = table[_first(value)], table[_second(value)]
    # Masks instead of branches: the processor cannot predict whether a word of running text is common.
    bits = one & (np.uint64((one ^ high) <= _LOW) * _LOW)
    return np.uint64(bits | two & (np.uint64((two ^ high) <= _LOW) * _LOW))


@kernel
def look_up(words: Words, n: Whole, table: Hashes, votes: Planes) -> None:
    """Mark common words and dates, and count the languages' votes."""
    votes[:] = np.uint64(0)
    zero = np.uint64(0)
    low = (zero, zero, zero, zero)
    for i in range(np.uint64(n)):
        bits = bits_of(words[i, PLAIN], table)
        languages = bits & ~DATE
        words[i, INFO] |= np.uint64(languages != 0) * np.uint64(COMMON) | np.uint64(
            bits != languages
        ) * np.uint64(DATED)
        low = added(low, languages)
        if i % np.uint64(FULL) == np.uint64(FULL - 1):
            empty(votes, low)
            low = (zero, zero, zero, zero)
    empty(votes, low)
