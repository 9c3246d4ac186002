"""Cues, languages and dates in a text's words, compiled."""

from __future__ import annotations

import numpy as np

from stillwatch.sketch.kernel import kernel
from stillwatch.sketch.lexicon import (
    BITS,
    CHAIN,
    COUNT,
    DATE,
    DONE,
    FIRST_END,
    GAP,
    GROWS,
    NEEDED,
    REACHED,
    RULE,
    SLOT,
    TURN,
    VOTES,
    Hashes,
    Numbers,
    find,
    step,
)  # fmt: skip
from stillwatch.sketch.spans import Whole
from stillwatch.sketch.words import DATED, PLAIN, SPECIAL, Words


@kernel
def complete(nodes: Numbers, ends: Numbers, seen: Numbers, node: Whole, start: Whole, stop: Whole, base: Whole, turn: Whole) -> Whole:
    """Note that a node's phrase stands at words start to stop; returns the flags that it completes."""
    flags: Whole = 0
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
            flags |= ends[end, BITS]
    return flags


@kernel
def match(
    words: Words,
    n: Whole,
    table: Hashes,
    nodes: Numbers,
    ends: Numbers,
    seen: Numbers,
    base: Whole,
    turn: Whole,
    sheet: Numbers,
    row: Whole,
    votes: Whole,
) -> Whole:
    """Flags of the cues in n words; marks dates, and adds language votes to the sheet from column `votes` on. `base` counts words of all texts before."""
    flags: Whole = 0
    for i in range(n):
        value = words[i, PLAIN]
        node = find(table, value)
        words[i, DATED] = 0
        if node >= 0:
            words[i, DATED] = np.uint64(nodes[node, DATE])
            add_votes(sheet, row, votes, nodes[node, VOTES])
            flags |= complete(nodes, ends, seen, node, base + i, base + i + 1, base, turn)
            j = i + 1
            while j < n and nodes[node, GROWS]:
                value = step(value, words[j, PLAIN])
                node = find(table, value)
                if node < 0:
                    break
                j += 1
                flags |= complete(nodes, ends, seen, node, base + i, base + j, base, turn)
        if words[i, SPECIAL] != 0:
            node = find(table, words[i, SPECIAL])
            if node >= 0:
                flags |= complete(nodes, ends, seen, node, base + i, base + i + 1, base, turn)
    return flags


@kernel
def add_votes(sheet: Numbers, row: Whole, first: Whole, bits: Whole) -> None:
    """Add one vote for each language whose bit is set."""
    place = first
    while bits:
        sheet[row, place] += bits & 1
        bits >>= 1
        place += 1
