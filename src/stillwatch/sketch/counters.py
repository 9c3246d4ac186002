"""64 counters at once, compiled: bit j of all of them is in the j-th plane, as in a circuit."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from stillwatch.sketch.kernel import inlined, kernel

Planes = npt.NDArray[np.uint64]
HEIGHT = 20
"""Planes: counters go up to a million."""
FULL = 15
"""Additions after which the four low bits, kept in registers, must be emptied into the planes."""
_ONE, _ALL = np.uint64(1), np.uint64(0xFFFFFFFFFFFFFFFF)
Low = tuple[np.uint64, np.uint64, np.uint64, np.uint64]


def planes() -> Planes:
    """Make counters, all zero."""
    return np.zeros(HEIGHT, np.uint64)


@inlined
def added(low: Low, bits: np.uint64) -> Low:
    """Return the low bits after adding one to each counter whose bit is set."""
    a, b, c, d = low
    two = a & bits
    four = b & two
    eight = c & four
    return a ^ bits, b ^ two, c ^ four, d ^ eight


@inlined
def empty(planes: Planes, low: Low) -> None:
    """Add the low bits to the planes."""
    a, b, c, d = low
    carry = planes[0] & a
    planes[0] ^= a
    for j, bits in ((1, b), (2, c), (3, d)):
        both = planes[j] ^ bits
        over = (planes[j] & bits) | (both & carry)
        planes[j] = both ^ carry
        carry = over
    place = np.uint64(4)
    while carry and place < HEIGHT:
        planes[place], carry = planes[place] ^ carry, planes[place] & carry
        place += _ONE


@kernel
def above(planes: Planes, limit: np.uint64) -> np.uint64:
    """Return which counters are above a limit."""
    more, equal = np.uint64(0), _ALL
    for k in range(np.uint64(HEIGHT)):
        j = np.uint64(HEIGHT - 1) - k
        if (limit >> j) & _ONE:
            equal &= planes[j]
        else:
            more |= equal & planes[j]
            equal &= ~planes[j]
    return more


@kernel
def largest(planes: Planes, among: np.uint64) -> np.uint64:
    """Return which of some counters are the largest; none if all are zero."""
    any_ = False
    for k in range(np.uint64(HEIGHT)):
        hits = among & planes[np.uint64(HEIGHT - 1) - k]
        if hits:
            among, any_ = hits, True
    return among if any_ else np.uint64(0)
