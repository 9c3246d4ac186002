"""Accounts in cells that differ in topics and volumes; prompts are hashes of words, with no text anywhere."""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
PROJECTIONS = 64
KEY = np.uint64(77)
COMMON = 150
"""Words that every topic uses: two in five words of a prompt."""
TOPIC_WORDS = 600
FRAME = 40
"""Words of a campaign's template."""
CHUNK = 5
"""Words that stay together when a template is put into another order."""
LEVELS = {
    "verbatim": (0.0, False),
    "paraphrase 1": (0.1, False),
    "paraphrase 2": (0.3, True),
    "rewritten": (0.7, True),
}
"""Share of the template's words that each request swaps, and whether the others change their order."""


@numba.njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _mixed(x: np.uint64) -> np.uint64:
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.uint64(x ^ (x >> np.uint64(31)))


@numba.njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def meaning_of(words: Ints, offsets: Ints, key: np.uint64) -> Ints:
    """Return the semantic sketch of prompts given as word hashes.

    Bit j is the sign of the j-th projection of their uni- and bigrams. A gram counts the square root of how
    often it occurs; the entries of a projection are the bits of the gram's keyed hash (Charikar 2002). The
    signs, over 8, are random features of the arc-cosine kernel of order 0 (Cho and Saul 2009).
    """
    out = np.zeros(len(offsets) - 1, np.int64)
    for row in range(len(out)):
        start, end = offsets[row], offsets[row + 1]
        n = end - start
        if n == 0:
            continue
        grams = np.empty(2 * n - 1, np.uint64)
        for i in range(n):
            grams[i] = _mixed(np.uint64(words[start + i]) ^ key)
            if i > 0:
                grams[n + i - 1] = _mixed(
                    np.uint64(words[start + i - 1]) * np.uint64(3) + np.uint64(words[start + i]) ^ key
                )
        grams.sort()
        sums = np.zeros(PROJECTIONS)
        i = 0
        while i < len(grams):
            j = i
            while j < len(grams) and grams[j] == grams[i]:
                j += 1
            weight = np.sqrt(float(j - i))
            for bit in range(PROJECTIONS):
                sums[bit] += weight if (grams[i] >> np.uint64(bit)) & np.uint64(1) else -weight
            i = j
        value = np.uint64(0)
        for bit in range(PROJECTIONS):
            if sums[bit] > 0.0:
                value |= np.uint64(1) << np.uint64(bit)
        out[row] = np.int64(value)
    return out


@dataclass(frozen=True)
class World:
    """Accounts and the sketches of their prompts."""

    cell: Ints
    """The cell of each account; four cells (clients) per stratum, eight per region."""
    account: Ints
    """The account of each prompt, sorted."""
    semantic: Ints
    """The sketch of each prompt."""
    topics: Floats
    """Shares of the topics for each account: shape (accounts, topics)."""


def world(
    rng: np.random.Generator, accounts: int, cells: int, topics: int = 60, volume: float = 12.0
) -> World:
    """Make cells of unequal size, each with topics, lengths and volumes of its own.

    An account has a few of its cell's topics.
    """
    cell = rng.choice(cells, accounts, p=rng.dirichlet(np.full(cells, 2.0)))
    tastes = rng.dirichlet(np.full(topics, 0.15), cells)
    shares = np.stack([rng.dirichlet(6.0 * tastes[one] + 1e-3) for one in cell])
    means = volume * np.exp(rng.normal(0.0, 0.8, cells))
    volumes = np.maximum(rng.lognormal(np.log(means[cell]), 1.0), 1.0).astype(np.int64)
    account = np.repeat(np.arange(accounts), volumes)
    topic = drawn_topics(rng, shares, account)
    words, offsets = prompts(rng, topic, np.exp(rng.normal(3.4, 0.4, cells))[cell[account]])
    return World(cell, account, meaning_of(words, offsets, KEY), shares)


def drawn_topics(rng: np.random.Generator, shares: Floats, account: Ints) -> Ints:
    """Draw a topic for each prompt, by its account's shares."""
    edges = shares.cumsum(axis=1)
    return np.asarray(
        (rng.random(len(account))[:, None] > edges[account]).sum(axis=1).clip(0, shares.shape[1] - 1),
        np.int64,
    )


def prompts(rng: np.random.Generator, topic: Ints, length: Floats) -> tuple[Ints, Ints]:
    """Make word hashes and offsets of prompts on topics: common words, and the topic's own by Zipf's law."""
    lengths = np.maximum(rng.lognormal(np.log(length), 0.6), 4.0).astype(np.int64)
    offsets = np.append(0, np.cumsum(lengths))
    total = int(offsets[-1])
    common = np.minimum(rng.zipf(1.3, total), COMMON)
    special = (
        COMMON + np.repeat(topic, lengths) * TOPIC_WORDS + np.minimum(rng.zipf(1.25, total), TOPIC_WORDS)
    )
    return np.where(rng.random(total) < 0.4, common, special).astype(np.int64), offsets


def templated(rng: np.random.Generator, frame: Ints, topic: Ints, level: str) -> tuple[Ints, Ints]:
    """Make requests from a template, with payloads on their topics.

    Returns the words that each made of the template, shape (requests, FRAME), and the sketches.
    """
    swaps, reorders = LEVELS[level]
    payload, starts = prompts(rng, topic, np.full(len(topic), 25.0))
    words = np.where(
        rng.random((len(topic), FRAME)) < swaps, rng.integers(10**6, 10**6 + 3000, (len(topic), FRAME)), frame
    )
    if reorders:
        chunks = words.reshape(len(topic), -1, CHUNK)
        words = np.take_along_axis(
            chunks,
            rng.permuted(np.tile(np.arange(FRAME // CHUNK), (len(topic), 1)), axis=1)[:, :, None],
            axis=1,
        )
        words = words.reshape(len(topic), FRAME)
    ends = FRAME * np.arange(1, len(topic) + 1) + starts[1:]
    every = np.empty(int(ends[-1]) if len(ends) else 0, np.int64)
    first = np.arange(len(every)) - np.repeat(np.append(0, ends[:-1]), np.diff(ends, prepend=0)) < FRAME
    every[first], every[~first] = words.ravel(), payload
    return words, np.asarray(meaning_of(every, np.append(0, ends), KEY), np.int64)


def shingles_left(frame: Ints, words: Ints) -> npt.NDArray[np.bool_]:
    """Return which of the frame's sampled windows of five words each request still holds.

    One window in eight is sampled, at least two.
    """
    own = _windows(frame[None])[0]
    sampled = own[own % np.uint64(8) == 0]
    sampled = np.sort(own)[:2] if len(sampled) < 2 else sampled
    return np.stack([(_windows(words) == one).any(axis=1) for one in sampled], axis=1)


def _windows(words: Ints) -> npt.NDArray[np.uint64]:
    x = np.zeros((len(words), FRAME - 4), np.uint64)
    for place in range(5):
        x = (x * np.uint64(0x9E3779B97F4A7C15)) ^ words[:, place : FRAME - 4 + place].astype(np.uint64)
        x ^= x >> np.uint64(29)
    return (x * np.uint64(0xBF58476D1CE4E5B9)) >> np.uint64(8)


def new_frame(rng: np.random.Generator) -> Ints:
    """Make a template's words: two in five common, the others its own."""
    return np.where(
        rng.random(FRAME) < 0.4,
        np.minimum(rng.zipf(1.3, FRAME), COMMON),
        rng.integers(2 * 10**6, 10**7, FRAME),
    ).astype(np.int64)


def sums_of(account: Ints, meaning: Ints, accounts: int) -> tuple[Ints, Ints]:
    """Count prompts of each account, and how many have each of the 64 bits set: shape (accounts, 64)."""
    n = np.bincount(account, minlength=accounts)
    bits = [np.bincount(account, (meaning >> bit) & 1, accounts) for bit in range(PROJECTIONS)]
    return n.astype(np.int64), np.stack(bits, axis=1).astype(np.int64)
