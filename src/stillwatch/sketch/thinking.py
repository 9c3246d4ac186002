"""How much of an answer is reasoning written out between tags, compiled."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from stillwatch.sketch.kernel import kernel
from stillwatch.sketch.spans import Bytes, Hashes, Whole

TAGS = (
    "think",
    "thinking",
    "thought",
    "thoughts",
    "reasoning",
    "reason",
    "scratchpad",
    "analysis",
    "rationale",
    "cot",
    "inner_monologue",
    "working",
)
LONGEST = 24
"""Bytes of a tag's name."""


@lru_cache(maxsize=1)
def tags() -> Hashes:
    """Return the hashes of the names of TAGS."""
    return np.array(
        [name_at(np.frombuffer(f"{tag}>".encode(), np.uint8), 0, len(tag) + 1)[1] for tag in TAGS], np.uint64
    )


@kernel
def name_at(data: Bytes, at: Whole, end: Whole) -> tuple[Whole, np.uint64]:
    """Return end and hash of a tag's name, without case and the marks - and _."""
    value = np.uint64(0)
    start = at
    while at < end and at - start < LONGEST:
        letter = data[at] | 0x20
        if not (0x61 <= letter <= 0x7A) and data[at] != 0x5F and data[at] != 0x2D:
            break
        if 0x61 <= letter <= 0x7A:
            value = np.uint64((value + np.uint64(letter)) * np.uint64(0x9E3779B97F4A7C15))
        at += 1
    return at, value


@kernel
def reasoning_bytes(data: Bytes, start: Whole, end: Whole, names: Hashes) -> Whole:
    """Bytes between the tag that begins the answer and the tag that closes it, or the answer's end.

    0 if it begins with none of TAGS.
    """
    while start < end and data[start] <= 0x20:
        start += 1
    if start >= end or data[start] != 0x3C:
        return np.int64(0)
    at, name = name_at(data, start + 1, end)
    known = False
    for tag in names:
        known |= tag == name
    if at >= end or data[at] != 0x3E or not known:
        return np.int64(0)
    inside = at + 1
    at = inside
    while at + 1 < end:
        if data[at] == 0x3C and data[at + 1] == 0x2F and name_at(data, at + 2, end)[1] == name:
            return at - inside
        at += 1
    return end - inside


@kernel
def after_reasoning(data: Bytes, start: Whole, end: Whole, inside: Whole) -> Whole:
    """Return where the answer goes on behind its reasoning, of which `inside` bytes are between the tags."""
    at = start
    while inside > 0 and at < end and data[at] != 0x3E:
        at += 1
    at += inside
    while inside > 0 and at < end and (data[at] != 0x3E or at == start):
        at += 1
    return at
