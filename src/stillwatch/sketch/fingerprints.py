"""Fingerprints of a masked text, compiled: sampled shingles, MinHash bands, and signs of projections."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from stillwatch.schema.keyed import Int64s
from stillwatch.sketch.counters import FULL, Planes, above, added, empty, planes
from stillwatch.sketch.kernel import apart, inlined, kernel
from stillwatch.sketch.skeleton import VALUE, content
from stillwatch.sketch.spans import Hashes, Whole
from stillwatch.sketch.words import Words

BINS, BANDS = 16, 4
"""Bins of the one-permutation MinHash, and the bands in which they are read."""
FEW = 4
"""With fewer content words, the common ones are projected too."""
_FACTOR = np.uint64(0x9E3779B97F4A7C15)
_TOP = np.uint64(0xFFFFFFFFFFFFFFFF)
_ONE = np.uint64(1)


class Bench(NamedTuple):
    """Room for one text's fingerprints."""

    ranks: Hashes
    """By window: its rank."""
    bins: Hashes
    """Smallest rank in each bin."""
    planes: Planes
    """Counters of all 64 projections."""


def bench(words: int) -> Bench:
    """Make room for texts of so many words."""
    return Bench(apart((words,), np.uint64, 8), np.zeros(BINS, np.uint64), planes())


@inlined
def ranked(total: np.uint64, k0: np.uint64, k1: np.uint64) -> np.uint64:
    """Return the rank of a window.

    It is secret, so that nobody can write words that always win. It is one to one, so that equal ranks are
    equal windows.
    """
    value = np.uint64((total ^ k0) * (k1 | _ONE))
    value = np.uint64((value ^ (value >> np.uint64(32))) * (k0 | _ONE))
    return value ^ (value >> np.uint64(29))


@kernel
def rank_windows(masked: Words, n: Whole, size: Whole, k0: np.uint64, k1: np.uint64, room: Bench) -> Whole:
    """Rank every window of `size` masked words, keep each bin's smallest; returns the number of windows."""
    size = min(size, n)
    room.bins[:] = _TOP
    lead = _ONE
    for _ in range(size):
        lead = np.uint64(lead * _FACTOR)
    total = np.uint64(0)
    ahead = np.uint64(size - 1)
    for i in range(ahead):
        total = np.uint64((total + masked[i, VALUE]) * _FACTOR)
    windows = n - size + 1
    for i in range(np.uint64(windows)):
        total = np.uint64((total + masked[i + ahead, VALUE]) * _FACTOR)
        rank = ranked(total, k0, k1)
        room.ranks[i] = rank
        place = rank >> np.uint64(60)
        room.bins[place] = min(room.bins[place], rank)
        total = np.uint64(total - masked[i, VALUE] * lead)
    return windows


@kernel
def sample(
    ranks: Hashes,
    windows: Whole,
    rate: Whole,
    most: Whole,
    shingles: Int64s,
    places: npt.NDArray[np.int32],
    at: Whole,
) -> Whole:
    """Append the windows whose rank falls into the sample, in order of place; returns the new end.

    They go to `shingles` and `places` from `at` on. One rank in `rate` is in the sample, the same ones in
    every text (FracMinHash: Irber and others 2022, section 2). If there are more than `most`, half as many
    are taken, until they fit, but at least the two lowest of a text.
    """
    limit = np.uint64(_TOP // np.uint64(rate))
    while True:
        found: Whole = np.int64(0)
        for i in range(np.uint64(windows)):
            found += np.int64(ranks[i] <= limit)
        if found <= most:
            break
        limit = np.uint64(limit >> _ONE)
    if found < 2:
        limit = max(limit, second_lowest(ranks, windows))
    end = np.uint64(at)
    full = np.uint64(
        at + most
    )  # equal windows have equal ranks: a text that repeats itself might have more of them
    for i in range(np.uint64(windows)):
        shingles[end] = np.int64(ranks[i])
        places[end] = np.int32(i)
        end += np.uint64((ranks[i] <= limit) & (end < full))
    return np.int64(end)


@kernel
def second_lowest(ranks: Hashes, windows: Whole) -> np.uint64:
    """Return the second lowest of at least one rank; of a single one, itself."""
    low, second = _TOP, _TOP
    for i in range(windows):
        if ranks[i] < low:
            low, second = ranks[i], low
        elif ranks[i] > low and ranks[i] < second:
            second = ranks[i]
    return low if second == _TOP else second


@kernel
def band(bins: Hashes, number: Whole) -> np.uint64:
    """Return the hash of one band of bins.

    An empty bin borrows from the next one that is not empty (Shrivastava and Li 2014, section 3).
    """
    total = np.uint64(number)
    width = BINS // BANDS
    for i in range(number * width, (number + 1) * width):
        step: Whole = np.int64(0)
        while bins[(i + step) % BINS] == _TOP and step < BINS:
            step += 1
        total = np.uint64((total + bins[(i + step) % BINS] + np.uint64(step)) * _FACTOR)
        total ^= total >> np.uint64(29)
    return total


@inlined
def spread(value: np.uint64, k0: np.uint64, k1: np.uint64) -> np.uint64:
    """Return 64 secret signs for a word or a pair of words."""
    value = np.uint64((value ^ k1) * _FACTOR)
    value = np.uint64((value ^ (value >> np.uint64(32))) * (k0 | _ONE))
    return value ^ (value >> np.uint64(29))


@kernel
def projected(
    words: Words, masked: Words, n: Whole, k0: np.uint64, k1: np.uint64, planes: Planes
) -> np.uint64:
    """Return the signs of 64 random projections of the text's content words.

    Of all its words where it has fewer than FEW content words (Charikar 2002, section 3).
    """
    weight = tallied(words, masked, n, np.uint64(0), k0, k1, planes)
    if weight < FEW:
        weight = tallied(words, masked, n, _ONE, k0, k1, planes)
    return above(planes, np.uint64(weight >> 1))


@kernel
def tallied(
    words: Words, masked: Words, n: Whole, every: np.uint64, k0: np.uint64, k1: np.uint64, planes: Planes
) -> Whole:
    """Add the signs of the content words, or of every word, to the counters; returns the number of words."""
    planes[:] = np.uint64(0)
    zero = np.uint64(0)
    weight, low = zero, (zero, zero, zero, zero)
    for i in range(np.uint64(n)):
        counted = every | content(words, masked, i)
        weight += counted
        low = added(low, spread(masked[i, VALUE], k0, k1) & np.uint64(zero - counted))
        if i % np.uint64(FULL) == np.uint64(FULL - 1):
            empty(planes, low)
            low = (zero, zero, zero, zero)
    empty(planes, low)
    return np.int64(weight)
