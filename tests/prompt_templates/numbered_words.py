"""Prompts as lists of numbers that stand for words, sketched as the contract of table exchanges says; no text
is needed to test templates.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from stillwatch.schema.stored import EXCHANGES

Rng = np.random.Generator
SHINGLE, EDGE, ONE_IN, MOST, FEWEST = 5, 8, 6, 64, 2
VOCABULARY = 4_000


def key_of(words: Sequence[int], salt: int = 0) -> int:
    """A key as a hash would give it."""
    data = np.array([salt, *words], np.int64).tobytes()
    return int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "little", signed=True)


def sampled(words: Sequence[int]) -> tuple[list[int], list[int]]:
    """Keys and places of the sampled shingles of a prompt."""
    first: dict[int, int] = {}
    for i in range(len(words) - SHINGLE + 1):
        first.setdefault(key_of(words[i : i + SHINGLE]), i)
    ranked = sorted(first, key=lambda key: (key % 2**32, key))
    under = sum(key % 2**32 < 2**32 // ONE_IN for key in ranked)
    kept = sorted(ranked[: min(MOST, max(FEWEST, under))], key=lambda key: first[key])
    return kept, [first[key] for key in kept]


def some_words(rng: Rng, size: int) -> list[int]:
    """Words as frequent as words are (Zipf's law)."""
    return [int(n) for n in np.minimum(rng.zipf(1.2, size), VOCABULARY) * 7 + rng.integers(0, 7, size)]


def own_words(rng: Rng, size: int) -> list[int]:
    """Words as a template's author chooses them."""
    return [int(n) for n in rng.integers(10**6, 10**7, size)]


def filled(
    pieces: Sequence[Sequence[int]], rng: Rng, *, swap: float = 0.0, longest: int = 40, padded: bool = False
) -> list[int]:
    """One prompt: the pieces with random words after each, some of their words swapped, and perhaps words
    before them.
    """
    words = some_words(rng, int(rng.integers(0, 12))) if padded else []
    for piece in pieces:
        words += [word if rng.random() >= swap else 10**8 + 3 * word + int(rng.integers(3)) for word in piece]
        words += some_words(rng, int(rng.integers(2, longest)))
    return words


@dataclass
class Pool:
    """Exchanges while they are gathered."""

    rows: list[dict[str, object]] = field(default_factory=list)

    def add(self, words: Sequence[int], account: int, group: int = 1) -> None:
        """One exchange."""
        shingles, places = sampled(words)
        edges = {"head": key_of(words[:EDGE], 1), "tail": key_of(words[-EDGE:], 2)}
        number = {
            "request": key_of([len(self.rows)], 3),
            "account": account,
            "group": group,
            "prompt": key_of(words, 4),
        }
        self.rows.append(number | edges | {"words": len(words), "shingles": shingles, "places": places})

    def add_all(self, prompts: Iterable[Sequence[int]], accounts: Sequence[int], group: int = 1) -> None:
        """Exchanges of accounts in turn."""
        for i, words in enumerate(prompts):
            self.add(words, accounts[i % len(accounts)], group)

    def table(self) -> pa.Table:
        """group, and the columns of table exchanges that templates read."""
        names = ("request", "account", "prompt", "head", "tail", "words", "shingles", "places")
        schema = pa.schema(
            [
                pa.field("group", pa.int32()),
                *(pa.field(name, EXCHANGES.arrow.field(name).type) for name in names),
            ]
        )
        return pa.Table.from_pylist(self.rows, schema=schema)

    def texts(self) -> dict[int, int]:
        """Exchanges of each group."""
        groups = [row["group"] for row in self.rows]
        return {int(str(group)): groups.count(group) for group in set(groups)}
