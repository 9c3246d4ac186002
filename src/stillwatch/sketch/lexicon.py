"""Words and phrases to look for, from the text files beside this module, hashed with the run's key into tables for the kernels."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files
from itertools import product
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from stillwatch.schema.flags import Flag
from stillwatch.schema.keyed import HashKey, keys_of_texts
from stillwatch.sketch.characters import characters
from stillwatch.sketch.kernel import kernel
from stillwatch.sketch.spans import Whole
from stillwatch.sketch.words import PLAIN, SPECIAL, Words, room, split

Numbers = npt.NDArray[np.int64]
Hashes = npt.NDArray[np.uint64]
GAPS = {"..": 3, "...": 10}
"""Words that a gap in a cue may skip."""
REFUSED = 1 << 30
"""The bit of refusal phrases; never stored in `flags`."""
TABLE_BITS = 14
_STEP = np.uint64(0xD6E8FEB86659FD93)


class Lexicon(NamedTuple):
    """A trie of phrases as an open-addressing hash table, and what each phrase's end means."""

    table: Hashes
    """Rows of (hash of the words from the root, node); a hash of 0 is an empty place."""
    nodes: Numbers
    """By node: VOTES, DATE, GROWS, FIRST_END; one node more closes the last one's ends."""
    ends: Numbers
    """By end: SLOT, GAP, CHAIN, RULE, NEEDED, BITS."""


VOTES, DATE, GROWS, FIRST_END = range(4)
"""Bits of the languages whose common word a node is; whether it names a date; whether a longer phrase begins with it; where its ends begin."""
SLOT, GAP, CHAIN, RULE, NEEDED, BITS = range(6)
"""The part of a chain that an end is (parts of a chain are neighbours); words that may be skipped before it, -1 for the first part; the chain
it completes, else -1; that chain's rule; how many chains the rule needs; the flags it sets."""
REACHED, DONE, TURN, COUNT = range(4)
"""Columns of what was seen: by slot the word count at which it was last matched; by chain the text in which it was last complete; by rule the
text that its count belongs to, and that count. They only ever grow, so nothing is cleared between texts."""


@kernel
def step(value: np.uint64, word: np.uint64) -> np.uint64:
    """Hash of a phrase one word longer."""
    mixed = np.uint64((value ^ word) * _STEP)
    return mixed ^ (mixed >> np.uint64(31))


@kernel
def find(table: Hashes, value: np.uint64) -> Whole:
    """Node of a phrase, or -1."""
    mask = np.uint64(table.shape[0] - 1)
    place = value & mask
    while table[place, 0] != 0:
        if table[place, 0] == value:
            return np.int64(table[place, 1])
        place = (place + np.uint64(1)) & mask
    return -1


@dataclass
class _Trie:
    """The trie while it is filled."""

    node: dict[int, int] = field(default_factory=dict)
    votes: list[int] = field(default_factory=list)
    dates: list[bool] = field(default_factory=list)
    grows: list[bool] = field(default_factory=list)
    ends: list[list[int]] = field(default_factory=list)

    def at(self, value: int) -> int:
        """The node of a phrase, made if new."""
        if value not in self.node:
            self.node[value] = len(self.votes)
            self.votes.append(0)
            self.dates.append(False)
            self.grows.append(False)
            self.ends.append([])
        return self.node[value]

    def walk(self, words: Hashes) -> int:
        """The last node of a phrase."""
        value = words[0]
        node = self.at(int(value))
        for word in words[1:]:
            self.grows[node] = True
            value = np.uint64(step(value, word))
            node = self.at(int(value))
        return node


@lru_cache(maxsize=8)
def secrets_of(key: HashKey) -> tuple[np.uint64, np.uint64]:
    """Seed and odd factor that hash words under a key."""
    seed, factor = keys_of_texts(["seed", "factor"], key, "words").astype(np.uint64)
    return seed, factor | np.uint64(1)


def words_of(text: str, key: HashKey) -> Words:
    """The words of one text, for tables and labels; not for traffic."""
    data = np.frombuffer(text.encode(), np.uint8)
    words = room(len(data) + 4)
    return words[: split(data, 0, len(data), characters(), *secrets_of(key), words, 0)]


def lines_of(name: str) -> list[str]:
    """Lines of a text file in sketch/cues, comments and blanks left out."""
    text = files("stillwatch.sketch").joinpath("cues", name).read_text(encoding="utf-8")
    return [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("# ")]


@lru_cache(maxsize=8)
def lexicon_of(key: HashKey) -> Lexicon:
    """The tables under a key."""
    trie = _Trie()
    for bit, line in enumerate(lines_of("languages.txt")):
        for word in line.split(":", 1)[1].split():
            trie.votes[_node(trie, word, key)] |= 1 << bit
    for line in lines_of("dates.txt"):
        for word in line.split():
            trie.dates[_node(trie, word, key)] = True
    ends: list[tuple[int, ...]] = []
    slot = chain = 0
    for rule, (bits, line) in enumerate(_rules()):
        chains = line.split(" + ")
        for parts in (re.split(r" (\.\.\.?) ", text) for text in chains):
            for place in range(0, len(parts), 2):
                last = place == len(parts) - 1
                ends.append((slot, GAPS[parts[place - 1]] if place else -1, chain if last else -1, rule, len(chains), bits))
                for phrase in product(*(word.split("|") for word in parts[place].split())):
                    trie.ends[_node(trie, " ".join(word for word in phrase if word != "_"), key)].append(slot)
                slot += 1
            chain += 1
    return _freeze(trie, np.array(ends, np.int64))


def _rules() -> list[tuple[int, str]]:
    named = [(flag.value, f"{(flag.name or '').lower()}.txt") for flag in Flag]
    return [(bit, line) for bit, name in [*named, (REFUSED, "refusal.txt")] for line in lines_of(name)]


def _node(trie: _Trie, phrase: str, key: HashKey) -> int:
    words = words_of(phrase, key)
    assert len(words), f"BUG: the cue {phrase!r} has no word"
    return trie.walk(words[:, SPECIAL if len(words) == 1 and words[0, SPECIAL] else PLAIN])


def _freeze(trie: _Trie, slots: Numbers) -> Lexicon:
    table = np.zeros((1 << TABLE_BITS, 2), np.uint64)
    assert len(trie.node) * 2 < len(table), "BUG: the cue table is too small"
    for value, node in trie.node.items():
        place = value & (len(table) - 1)
        while table[place, 0]:
            place = (place + 1) & (len(table) - 1)
        table[place] = value, node
    nodes = np.zeros((len(trie.votes) + 1, 4), np.int64)
    nodes[:-1, VOTES], nodes[:-1, DATE], nodes[:-1, GROWS] = trie.votes, trie.dates, trie.grows
    nodes[1:, FIRST_END] = np.cumsum([len(ends) for ends in trie.ends])
    return Lexicon(table, nodes, slots[np.array([slot for ends in trie.ends for slot in ends], np.int64)])


def unseen(lexicon: Lexicon) -> Numbers:
    """Room to match in: columns REACHED …"""
    return np.full((int(lexicon.ends[:, SLOT].max()) + 1, 4), -(1 << 40), np.int64)
