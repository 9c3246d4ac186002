"""Cues in a text's words, compiled."""

from __future__ import annotations

import numpy as np

from stillwatch.sketch.kernel import kernel
from stillwatch.sketch.lexicon import (
    BITS,
    CHAIN,
    COUNT,
    DONE,
    FIRST_END,
    GAP,
    GROWS,
    NEEDED,
    REACHED,
    RULE,
    SLOT,
    TURN,
    Lexicon,
    Numbers,
    find,
    may_begin,
    step,
)  # fmt: skip
from stillwatch.sketch.spans import Whole
from stillwatch.sketch.words import PLAIN, SPECIAL, Words


@kernel
def complete(
    nodes: Numbers,
    ends: Numbers,
    seen: Numbers,
    node: Whole,
    start: Whole,
    stop: Whole,
    base: Whole,
    turn: Whole,
) -> Whole:
    """Record that a node's phrase is at words start to stop; returns the bits that it completes."""
    bits: Whole = np.int64(0)
    for end in range(nodes[node, FIRST_END], nodes[node + 1, FIRST_END]):
        slot = ends[end, SLOT]
        if ends[end, GAP] >= 0:
            before = seen[slot - 1, REACHED]
            if before < base or start < before or start - before > ends[end, GAP]:
                continue
        seen[slot, REACHED] = stop
        chain = ends[end, CHAIN]
        if chain < 0 or seen[chain, DONE] == turn:
            continue
        seen[chain, DONE] = turn
        rule = ends[end, RULE]
        if seen[rule, TURN] != turn:
            seen[rule, TURN] = turn
            seen[rule, COUNT] = 0
        seen[rule, COUNT] += 1
        if seen[rule, COUNT] == ends[end, NEEDED]:
            bits |= ends[end, BITS]
    return bits


@kernel
def match(words: Words, n: Whole, lexicon: Lexicon, seen: Numbers, base: Whole, turn: Whole) -> Whole:
    """Return bits of the cues in n words. `base` counts the words of all texts before, `turn` the texts."""
    table, nodes, ends, first = lexicon
    bits: Whole = np.int64(0)
    for i in range(np.uint64(n)):
        value, special = words[i, PLAIN], words[i, SPECIAL]
        if special == 0 and not may_begin(first, value):
            continue
        node = find(table, value)
        j = np.int64(i)
        start = base + j
        while node >= 0:
            j += 1
            # A call costs more than the look: most nodes are only beginnings.
            if nodes[node, FIRST_END] != nodes[node + 1, FIRST_END]:
                bits |= complete(nodes, ends, seen, node, start, base + j, base, turn)
            if j >= n or not nodes[node, GROWS]:
                break
            value = step(value, words[j, PLAIN])
            node = find(table, value)
        if special != 0:
            node = find(table, special)
            if node >= 0:
                bits |= complete(nodes, ends, seen, node, start, start + 1, base, turn)
    return bits
