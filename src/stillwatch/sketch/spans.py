"""Where characters, quotations, code blocks and links end, compiled."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from stillwatch.sketch.kernel import kernel

Bytes = npt.NDArray[np.uint8]
Hashes = npt.NDArray[np.uint64]
Whole = int | np.int64
"""A whole number: numpy's and Python's are one type to a kernel."""
LONGEST_QUOTE = 400
"""Bytes. A longer quotation is read as text, so that quoting a whole template hides nothing."""


@kernel
def decode(data: Bytes, at: Whole, end: Whole) -> tuple[Whole, Whole]:
    """Return code point and length of the UTF-8 sequence at a position; a cut sequence gives U+FFFD."""
    first = np.int64(data[at])
    if first < 0x80:
        return first, 1
    size = 2 if first < 0xE0 else (3 if first < 0xF0 else 4)
    if first < 0xC0 or at + size > end:
        return 0xFFFD, 1
    code = first & (0x7F >> size)
    for j in range(1, size):
        code = (code << 6) | (np.int64(data[at + j]) & 0x3F)
    return code, size


@kernel
def link_end(data: Bytes, at: Whole, end: Whole) -> Whole:
    """Return the end of the URL at a position, or the position itself."""
    if (
        (data[at] | 0x20) != 0x68
        or end - at < 10
        or (data[at + 1] | 0x20) != 0x74
        or (data[at + 2] | 0x20) != 0x74
        or (data[at + 3] | 0x20) != 0x70
    ):
        return at
    mark = at + 5 if (data[at + 4] | 0x20) == 0x73 else at + 4
    if data[mark] != 0x3A or data[mark + 1] != 0x2F or data[mark + 2] != 0x2F:
        return at
    stop = mark + 3
    while stop < end and data[stop] > 0x20 and not _ends_link(data[stop]):
        stop += 1
    return stop


@kernel
def _ends_link(byte: np.uint8) -> bool:
    return bool(
        byte == 0x22
        or byte == 0x27
        or byte == 0x3C
        or byte == 0x3E
        or byte == 0x29
        or byte == 0x5D
        or byte == 0x7D
        or byte == 0x60
    )


@kernel
def _letter(byte: np.uint8) -> bool:
    return bool((0x30 <= byte <= 0x39) or (0x41 <= (byte & 0xDF) <= 0x5A))


@kernel
def closing_of(code: Whole) -> Whole:
    """Return the character that closes a quotation opened by a character."""
    if code == 0xAB:
        return 0xBB
    if code == 0x201E:
        return 0x201C
    return code + 1 if code >= 0x2018 else code


@kernel
def quote_end(data: Bytes, low: Whole, at: Whole, size: Whole, end: Whole) -> Whole:
    """Return where the quotation opened at a position closes.

    -1 if it does not open, is empty, or closes too far away.
    """
    first = at + size
    if first >= end or data[first] <= 0x20 or (at > low and _letter(data[at - 1])):
        return -1
    code = decode(data, at, end)[0]
    single = code == 0x27 or code == 0x2018
    close = closing_of(code)
    stop, limit = first, min(end, first + LONGEST_QUOTE)
    while stop < limit:
        found, step = decode(data, stop, end)
        if found == close and not (single and stop + step < end and _letter(data[stop + step])):
            return stop if stop > first else -1
        if single and found == 0x0A:
            return -1
        stop += step
    return -1


@kernel
def fence_end(data: Bytes, at: Whole, end: Whole) -> Whole:
    """Return where the code block opened before a position closes, or -1."""
    while at + 2 < end:
        if data[at] == 0x60 and data[at + 1] == 0x60 and data[at + 2] == 0x60:
            return at
        at += 1
    return -1


@kernel
def run_of(data: Bytes, at: Whole, end: Whole) -> Whole:
    """Return how often the byte at a position repeats, up to 5."""
    count = 1
    while count < 5 and at + count < end and data[at + count] == data[at]:
        count += 1
    return count
