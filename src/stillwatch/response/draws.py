"""Draws that are fixed for an account, so that every replica agrees."""

from __future__ import annotations

MASK = (1 << 64) - 1
ODD = 0x9E3779B97F4A7C15
"""2**64 over the golden ratio, odd: multiplying by it loses nothing and spreads neighbours far apart."""


def draw(key: int, version: str) -> float:
    """Return a number in [0, 1) that is fixed for an account and a version of a rule. key: the
    account's keyed hash, so that nobody outside can tell who is drawn.
    """
    mixed = ((key ^ int(version[:12] or "0", 16)) * ODD) & MASK
    mixed ^= mixed >> 29
    return (((mixed * ODD) & MASK) >> 11) / (1 << 53)
