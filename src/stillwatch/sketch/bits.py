"""Texts as bit masks: which bytes are letters, and which others need a look."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]
from numba.core import cgutils, types
from numba.extending import intrinsic

from stillwatch.sketch.kernel import PAGE, STEP, apart, inlined, kernel
from stillwatch.sketch.spans import Bytes, Hashes, Whole

ONE = np.uint64(1)
"""Indexes are unsigned numbers: numba checks signed ones at each access for counting from the end."""
LONGEST = 56
"""A run of letters longer than this is read byte by byte."""
_LOWER, _TOP = np.uint64(0x2020202020202020), np.uint64(0xFFFFFFFFFFFFFFFF)
_PACK = np.uint64(0x0102040810204080)
"""Multiplied with eight bytes of 0 or 1, it gathers them in the top byte."""
PADDING = 80
"""Zero bytes before and behind a text that may be read."""


class Page(NamedTuple):
    """Room for a copy of one text, and its masks."""

    bytes: Bytes
    """PADDING zeros, the text, zeros behind it."""
    marks: Bytes
    """Three rows of 0 or 1 for each byte.

    The first marks an ASCII letter. The second marks a digit, a mark, a quote, the end of a line, or a byte
    that is not ASCII. The third marks the beginning of a name.
    """
    blocks: Hashes
    """The same memory, eight bytes at a time."""
    letters: Hashes
    """By 64 bytes: which are letters."""
    runs: Bytes
    """The same memory, eight bytes of text at a time."""
    events: Hashes
    """By 64 bytes: which begin a run of letters, or have the second mark."""
    names: Hashes
    """By 64 bytes: which begin a name."""


def page(size: int) -> Page:
    """Make room for texts of so many bytes."""
    width = -(-(size + 3 * PADDING) // PAGE) * PAGE + STEP
    marks = apart((3, width // 8), np.uint64, 1)
    letters, events, names = (apart((size // 64 + 4,), np.uint64, turn) for turn in (4, 5, 6))
    return Page(
        apart((size + 3 * PADDING,), np.uint8, 0),
        marks.view(np.uint8),
        marks,
        letters,
        letters.view(np.uint8),
        events,
        names,
    )


@intrinsic  # type: ignore[untyped-decorator]
def lowest(typing: Any, value: Any) -> Any:
    """Return the number of the lowest set bit, 64 if there is none."""

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 0))

    return types.int64(types.uint64), build


@intrinsic  # type: ignore[untyped-decorator]
def eight_at(typing: Any, data: Any, place: Any) -> Any:
    """Return eight bytes of a byte array from any place on, the first in the lowest byte."""

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array = context.make_array(signature.args[0])(context, builder, arguments[0])
        pointer = cgutils.gep_inbounds(builder, array.data, arguments[1])
        return builder.load(builder.bitcast(pointer, ir.IntType(64).as_pointer()), align=1)

    return types.uint64(data, types.uint64), build


@inlined
def turn_to(data: Bytes, low: Whole, end: Whole, page: Page) -> None:
    """Copy a text to the page and find its letters, names and events."""
    size = np.uint64(end - low)
    text, (letter, other, name) = page.bytes[PADDING:], page.marks
    copy(data, np.uint64(low), size, text)
    whole = size + np.uint64(64)
    mark_letters(text, whole, letter)
    mark_others(text, whole, other)
    mark_names(
        page.bytes[PADDING - 2 :], page.bytes[PADDING - 1 :], text, page.bytes[PADDING + 1 :], whole, name
    )
    pack(page, (end - low + 63) >> 6)


# Each of the next four functions is a loop of its own and not inlined. Only then does the compiler make it
# work on 32 bytes at once.


@kernel
def copy(data: Bytes, first: np.uint64, size: np.uint64, text: Bytes) -> None:
    """Copy `size` bytes and put zeros behind them."""
    for i in range(size):
        text[i] = data[first + i]
    for i in range(size, size + np.uint64(PADDING)):
        text[i] = 0


@kernel
def mark_letters(text: Bytes, size: np.uint64, letter: Bytes) -> None:
    """Mark ASCII letters."""
    for i in range(size):
        lower = text[i] | 0x20
        letter[i] = (lower >= 0x61) & (lower <= 0x7A)


@kernel
def mark_others(text: Bytes, size: np.uint64, other: Bytes) -> None:
    """Mark digits, ends of lines, quotes, the marks # and >, and all that is not ASCII."""
    for i in range(size):
        byte = text[i]
        other[i] = (
            (byte >= 0x80)
            | ((byte >= 0x30) & (byte <= 0x39))
            | (byte == 0x0A)
            | (byte == 0x22)
            | (byte == 0x23)
            | (byte == 0x27)
            | (byte == 0x3E)
            | (byte == 0x60)
        )


@kernel
def mark_names(
    earlier: Bytes, before: Bytes, text: Bytes, after: Bytes, size: np.uint64, name: Bytes
) -> None:
    """Mark a capital before a small letter, where it follows a space that follows a letter or a comma.

    Takes four views of one text.
    """
    for i in range(size):
        last = earlier[i] | 0x20
        inside = (before[i] == 0x20) & ((earlier[i] == 0x2C) | ((last >= 0x61) & (last <= 0x7A)))
        name[i] = (text[i] >= 0x41) & (text[i] <= 0x5A) & (after[i] >= 0x61) & (after[i] <= 0x7A) & inside


@inlined
def packed(row: Hashes, block: Whole) -> np.uint64:
    """Pack 64 bytes of 0 or 1 into bits."""
    bits = np.uint64(0)
    for j in range(np.uint64(8)):
        bits |= np.uint64(np.uint64(row[np.uint64(8) * np.uint64(block) + j] * _PACK) >> np.uint64(56)) << (
            np.uint64(8) * j
        )
    return bits


@inlined
def pack(page: Page, blocks: Whole) -> None:
    """Pack marks into masks."""
    letter, other, name = page.blocks
    before = np.uint64(0)
    for block in range(np.uint64(blocks)):
        letters = packed(letter, block)
        page.letters[block] = letters
        page.events[block] = (letters & ~np.uint64((letters << ONE) | before)) | packed(other, block)
        page.names[block] = packed(name, block)
        before = letters >> np.uint64(63)
    page.letters[np.uint64(blocks)] = np.uint64(0)


@inlined
def run_at(page: Page, at: Whole) -> Whole:
    """Return the length of the run of letters at a place, at most 64."""
    return np.int64(lowest(np.uint64(~(eight_at(page.runs, np.uint64(at >> 3)) >> np.uint64(at & 7)))))


@inlined
def letters_at(page: Page, at: Whole, count: Whole) -> np.uint64:
    """Return one to eight letters from a place on, in lower case, the first in the lowest byte."""
    return np.uint64(
        (eight_at(page.bytes, np.uint64(at + PADDING)) | _LOWER) & (_TOP >> np.uint64(64 - 8 * count))
    )
