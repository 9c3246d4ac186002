"""Phrases to look for, from the text files in `cues`, as tables for the kernels."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import product
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from stillwatch.sketch.cues import lines_of, words_of
from stillwatch.sketch.kernel import inlined
from stillwatch.sketch.spans import Hashes, Whole
from stillwatch.sketch.words import PLAIN, SPECIAL

Numbers = npt.NDArray[np.int64]
GAPS = {"..": 3, "...": 10}
"""Words that a gap in a cue may skip."""
FIRST_BITS = 9
"""The set of first words has 64 bits for each number of so many bits: of other words, one in 70 passes."""
_STEP = np.uint64(0xD6E8FEB86659FD93)


class Lexicon(NamedTuple):
    """A trie of phrases as an open-addressing hash table, and what each phrase's end means."""

    table: Hashes
    """Rows of (hash of the words from the root, node); a hash of 0 is an empty place."""
    nodes: Numbers
    """By node: GROWS, FIRST_END; one node more ends the last one's ends."""
    ends: Numbers
    """By end: SLOT, GAP, CHAIN, RULE, NEEDED, BITS."""
    first: Hashes
    """Bit set of the high bits of every word that may begin a phrase: most words need no look-up."""


GROWS, FIRST_END = range(2)
"""Whether a longer phrase begins with a node; where its ends begin."""
SLOT, GAP, CHAIN, RULE, NEEDED, BITS = range(6)
"""Columns of an end.

The part of a chain that it is (parts of a chain are neighbours); words that may be skipped before it, -1 for
the first part; the chain that it completes, else -1; that chain's rule; the number of chains that the rule
needs; the bits that it sets.
"""
REACHED, DONE, TURN, COUNT = range(4)
"""Columns of what was seen.

By slot the word count at which it was last matched; by chain the text in which it was last complete; by rule
the text that its count belongs to, and that count. They only grow, so nothing is cleared between texts.
"""


@inlined
def step(value: np.uint64, word: np.uint64) -> np.uint64:
    """Return the hash of a phrase one word longer."""
    mixed = np.uint64((value ^ word) * _STEP)
    return mixed ^ (mixed >> np.uint64(31))


@inlined
def may_begin(first: Hashes, value: np.uint64) -> bool:
    """Return whether a word may begin a phrase."""
    bits = first[value >> np.uint64(64 - FIRST_BITS)]
    return bool(bits >> (value >> np.uint64(58 - FIRST_BITS) & np.uint64(63)) & np.uint64(1))


@inlined
def find(table: Hashes, value: np.uint64) -> Whole:
    """Return the node of a phrase, or -1."""
    mask = np.uint64(table.shape[0] - 1)
    place = value & mask
    while table[place, 0] != 0:
        if table[place, 0] == value:
            return np.int64(table[place, 1])
        place = (place + np.uint64(1)) & mask
    return np.int64(-1)


@dataclass
class _Trie:
    """The trie while it is filled."""

    node: dict[int, int] = field(default_factory=dict)
    grows: list[bool] = field(default_factory=list)
    ends: list[list[int]] = field(default_factory=list)
    first: set[int] = field(default_factory=set)

    def at(self, value: int) -> int:
        """Return the node of a phrase, made if new."""
        if value not in self.node:
            self.node[value] = len(self.grows)
            self.grows.append(False)
            self.ends.append([])
        return self.node[value]

    def walk(self, phrase: str) -> int:
        """Return the last node of a phrase."""
        words = words_of(phrase)
        assert len(words), f"BUG: the cue {phrase!r} has no word"
        first, *later = words[:, SPECIAL if len(words) == 1 and words[0, SPECIAL] else PLAIN]
        self.first.add(int(first))
        node = self.at(int(first))
        for word in later:
            self.grows[node] = True
            first = np.uint64(step(first, word))
            node = self.at(int(first))
        return node


@lru_cache(maxsize=8)
def lexicon_of(lists: Sequence[tuple[str, int]]) -> Lexicon:
    """Make the tables of some lists of cues, each a file and the bits that its cues set."""
    trie = _Trie()
    ends: list[tuple[int, ...]] = []
    slot = chain = 0
    for rule, (bits, line) in enumerate((bits, line) for name, bits in lists for line in lines_of(name)):
        chains = line.split(" + ")
        for parts in (re.split(r" (\.\.\.?) ", text) for text in chains):
            for place in range(0, len(parts), 2):
                last = place == len(parts) - 1
                ends.append(
                    (
                        slot,
                        GAPS[parts[place - 1]] if place else -1,
                        chain if last else -1,
                        rule,
                        len(chains),
                        bits,
                    )
                )
                for phrase in product(*(word.split("|") for word in parts[place].split())):
                    trie.ends[trie.walk(" ".join(word for word in phrase if word != "_"))].append(slot)
                slot += 1
            chain += 1
    return _freeze(trie, np.array(ends, np.int64))


def _freeze(trie: _Trie, slots: Numbers) -> Lexicon:
    table = np.zeros((1 << (2 * len(trie.node)).bit_length(), 2), np.uint64)
    for value, node in trie.node.items():
        place = value & (len(table) - 1)
        while table[place, 0]:
            place = (place + 1) & (len(table) - 1)
        table[place] = value, node
    nodes = np.zeros((len(trie.grows) + 1, 2), np.int64)
    nodes[:-1, GROWS] = trie.grows
    nodes[1:, FIRST_END] = np.cumsum([len(ends) for ends in trie.ends])
    first = np.zeros(1 << FIRST_BITS, np.uint64)
    for value in trie.first:
        first[value >> (64 - FIRST_BITS)] |= np.uint64(1 << (value >> (58 - FIRST_BITS) & 63))
    return Lexicon(
        table, nodes, slots[np.array([slot for ends in trie.ends for slot in ends], np.int64)], first
    )


def unseen(lexicon: Lexicon) -> Numbers:
    """Make room to match in: columns REACHED …"""
    return np.full((int(lexicon.ends[:, SLOT].max()) + 1, 4), -(1 << 40), np.int64)
