"""Text to words, compiled: one pass over UTF-8 bytes gives each word's hash and its surroundings."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from stillwatch.sketch.bits import LONGEST, ONE, PADDING, Page, letters_at, lowest, page, run_at, turn_to
from stillwatch.sketch.characters import (
    BOUNDARY,
    DIGIT,
    FOLD_SHIFT,
    IGNORED,
    KIND_MASK,
    LETTER,
    QUOTE,
    SCRIPT_MASK,
    SCRIPT_SHIFT,
    SCRIPTS,
    SOLO,
    TABLE_SIZE,
    WIDE,
    Characters,
    bytes_,
    characters,
)  # fmt: skip
from stillwatch.sketch.kernel import apart, inlined, kernel
from stillwatch.sketch.spans import Bytes, Whole, decode, fence_end, link_end, quote_end, run_of

Words = npt.NDArray[np.uint64]
"""One row per word, one column for each of the following.

It is a single array, because each array passed to a kernel costs as much as a word.
"""
PLAIN, SPECIAL, INFO, START, STOP = range(5)
"""Hash of the folded word, but NUMBER if it holds a digit and LINK for a URL.

Then its hash in a telling place, else 0; the bits below; where it begins and ends.
"""
SCRIPT, NAMED, COMMON, DATED, SPAN = 0xF, 0x10, 0x20, 0x40, 8
"""Bits of INFO.

Its first character's script; whether it looks like a name; whether it is a common word of some language;
whether it names a date; and, shifted by SPAN, the number of the quotation or code block that it is in, else
0, odd for code.
"""

NUMBER, QUOTED, CODE, LINK, FENCE, HASHES, PROMPT, NAME = (np.uint64(n) for n in range(1, 9))
"""What replaces masked words.

A number or dated word, a quotation, a code block, a link; three marks that count as words: ```, ####, >>>;
and a name.
"""
TAG, BRACKETS, CHOICE, LABEL = (np.uint64(n << 60) for n in range(1, 5))
"""Mixed into a word's hash if it is written as <word>, [[word]], 'A.' or 'Word:' at the start of a line."""

_SEED, _FACTOR, _MIX = (
    np.uint64(0x8A5CD789635D2DFF),
    np.uint64(0x9E6C63D0876A9A47),
    np.uint64(0x9FB21C651E98DF25),
)
_WIDE_UNIT = np.uint64(1 << 40)
_FOLD = np.uint64(0x9E3779B97F4A7C15)
_LATIN = SCRIPTS.index("latin")


class Alphabet(NamedTuple):
    """What the splitting kernels look characters up in, and room for a text."""

    chars: Characters
    """By code point."""
    kinds: Bytes
    """By byte."""
    joins: Bytes
    """By byte: whether it needs a look after ASCII letters.

    The word may continue, be a link, or be in a telling place.
    """
    page: Page
    """Room for one text."""


def alphabet(size: Whole) -> Alphabet:
    """Return the tables of characters, with room for texts of so many bytes."""
    kinds = bytes_()
    joins = ((kinds == DIGIT) | (kinds == WIDE) | np.isin(np.arange(256), (0x27, 0x3A, 0x3E, 0x5D))).astype(
        np.uint8
    )
    return Alphabet(characters(), kinds, joins, page(int(size)))


def room(size: Whole, turn: int = 0) -> Words:
    """Make room for so many words; `turn` as in kernel.apart."""
    return apart((int(size), 5), np.uint64, turn)


@inlined
def folded(total: np.uint64, value: np.uint64) -> np.uint64:
    """Return the hash of a sequence one value longer."""
    total = np.uint64((total + value) * _FOLD)
    return total ^ (total >> np.uint64(29))


@inlined
def mixed(value: np.uint64) -> np.uint64:
    """Return a hash with its high bits spread to the low ones."""
    value = np.uint64((value ^ (value >> np.uint64(32))) * _MIX)
    return value ^ (value >> np.uint64(29))


@inlined
def joined(value: np.uint64, block: np.uint64) -> np.uint64:
    """Return the hash of a word eight letters longer."""
    value = np.uint64((value ^ block) * _FACTOR)
    return value ^ (value >> np.uint64(32))


@inlined
def entry_at(data: Bytes, at: Whole, end: Whole, chars: Characters) -> tuple[Whole, Whole]:
    """Return table entry and bytes of the character at a position.

    Ideographs above the table are words, anything higher is invisible.
    """
    code, size = decode(data, at, end)
    if code < TABLE_SIZE:
        return np.int64(chars[code]), size
    return (code << FOLD_SHIFT) | (SOLO if code < 0xE0000 else IGNORED), size


@kernel
def _joins(data: Bytes, after: Whole, end: Whole, fold: Whole, numeric: bool, chars: Characters) -> bool:
    """Return whether an apostrophe inside a word, or a separator inside a number, is part of it."""
    wanted = LETTER
    if numeric:
        wanted = DIGIT
        if fold != 0x2E and fold != 0x2C and fold != 0x3A:
            return False
    elif fold != 0x27 and fold != 0x2019:
        return False
    return bool(after < end and entry_at(data, after, end, chars)[0] & KIND_MASK == wanted)


@kernel
def rest(data: Bytes, at: Whole, end: Whole, chars: Characters) -> tuple[Whole, np.uint64, bool]:
    """Return end, hash, and whether it holds a digit, of any word."""
    value, block = _SEED, np.uint64(0)
    count: Whole = np.int64(0)
    words, digits = False, False
    while at < end:
        entry, size = entry_at(data, at, end, chars)
        kind, fold = entry & KIND_MASK, entry >> FOLD_SHIFT
        if kind != IGNORED:
            counted = kind in (LETTER, DIGIT)
            if not counted:
                counted = digits and not words
                if not _joins(data, at + size, end, fold, counted, chars):
                    break
            words |= kind == LETTER
            digits |= kind == DIGIT
            if counted:
                if count == 8 or (fold >= 0x80 and count):
                    value, block, count = joined(value, block), np.uint64(0), np.int64(0)
                if fold < 0x80:
                    block |= np.uint64(fold) << np.uint64(8 * count)
                    count += 1
                else:
                    value = joined(value, np.uint64(fold) + _WIDE_UNIT)
        at += size
    return at, mixed(joined(value, block) if count else value), digits


@kernel
def link_hash(data: Bytes, start: Whole, stop: Whole) -> np.uint64:
    """Return the hash of a URL's bytes."""
    value = _SEED
    for at in range(start, stop):
        value = np.uint64((value ^ np.uint64(data[at])) * _FACTOR)
    return mixed(value)


@kernel
def place_of(
    data: Bytes, low: Whole, start: Whole, stop: Whole, end: Whole, value: np.uint64, line: bool
) -> np.uint64:
    """Return the hash of a word in a telling place, else 0."""
    after = data[stop] if stop < end else np.uint8(0x0A)
    if after == 0x3E or after == 0x5D:
        before = data[start - 1] if start > low else np.uint8(0x0A)
        earlier = data[start - 2] if start > low + 1 else np.uint8(0x0A)
        if after == 0x3E and (before == 0x3C or (before == 0x2F and earlier == 0x3C)):
            return value ^ TAG
        if after == 0x5D and before == 0x5B and earlier == 0x5B:
            return value ^ BRACKETS
    if line and after == 0x3A:
        return value ^ LABEL
    if line and stop - start == 1 and 0x41 <= data[start] <= 0x45 and (after == 0x2E or after == 0x29):
        return value ^ CHOICE
    return np.uint64(0)


@inlined
def put(
    words: Words, n: Whole, plain: np.uint64, special: np.uint64, info: Whole, start: Whole, stop: Whole
) -> Whole:
    """Write a word at place n; returns the next place."""
    i = np.uint64(n)
    words[i, PLAIN] = plain
    words[i, SPECIAL] = special
    words[i, INFO] = np.uint64(info)
    words[i, START] = np.uint64(start)
    words[i, STOP] = np.uint64(stop)
    return n + 1


@kernel
def mark_at(data: Bytes, low: Whole, at: Whole, end: Whole) -> np.uint64:
    """Return FENCE, HASHES or PROMPT if such a mark is here, else 0."""
    byte = data[at]
    if (byte != 0x60 and byte != 0x23 and byte != 0x3E) or (at > low and data[at - 1] == byte):
        return np.uint64(0)
    count = run_of(data, at, end)
    if byte == 0x60 and count >= 3:
        return FENCE
    if byte == 0x23 and count == 4:
        return HASHES
    return PROMPT if byte == 0x3E and count == 3 else np.uint64(0)


@kernel
def word_at(
    data: Bytes, at: Whole, end: Whole, kind: Whole, fold: Whole, size: Whole, chars: Characters
) -> tuple[Whole, np.uint64, np.uint64]:
    """Return end, hash, and masked hash of the word at a position that is more than ASCII letters."""
    if kind == SOLO:
        value = mixed(joined(_SEED, np.uint64(fold) + _WIDE_UNIT))
        return at + size, value, value
    stop = link_end(data, at, end)
    if stop > at:
        return stop, link_hash(data, at, stop), LINK
    stop, value, digits = rest(data, at, end, chars)
    return stop, value, NUMBER if digits else value


@inlined
def run_hash(page: Page, at: Whole, count: Whole) -> np.uint64:
    """Return the hash of a run of ASCII letters, the same as `rest` gives for it."""
    value = joined(_SEED, letters_at(page, at, min(count, 8)))
    # Both halves are made and a mask chooses one: a branch on the length of words is predicted wrong once in
    # eight.
    longer = joined(value, letters_at(page, at + 8, min(max(count - 8, 1), 8)))
    value ^= (value ^ longer) & np.uint64((8 - count) >> 63)
    for done in range(16, count, 8):
        value = joined(value, letters_at(page, at + done, min(count - done, 8)))
    return mixed(value)


@kernel
def mark_or_span(
    data: Bytes, low: Whole, at: Whole, size: Whole, end: Whole, kind: Whole, span: Whole, spans: Whole
) -> tuple[np.uint64, Whole, Whole, Whole, Whole]:
    """Return the mark at a position or 0, its bytes, and the quotation or code block that begins here.

    Of the latter its number, the last number, and its end.
    """
    mark = mark_at(data, low, at, end) if size == 1 else np.uint64(0)
    stop: Whole = np.int64(-1)
    if mark != 0:
        size = np.int64(4 if mark == HASHES else 3)
        if mark == FENCE and span == 0:
            stop = fence_end(data, at + 3, end)
            spans += 2
            span = spans if stop > 0 else np.int64(0)
    elif kind == QUOTE and span == 0:
        stop = quote_end(data, low, at, size, end)
        if stop > 0:
            spans += 2
            span = spans - 1
    return mark, size, span, spans, stop


@inlined
def character_at(data: Bytes, at: Whole, end: Whole, tables: Alphabet) -> tuple[Whole, Whole, Whole, Whole]:
    """Return kind, size in bytes, script and folded form of the character at a place."""
    kind: Whole = np.int64(tables.kinds[data[at]])
    size: Whole = np.int64(1)
    script: Whole = np.int64(0)
    fold: Whole = np.int64(0)
    if kind == WIDE:
        entry, size = entry_at(data, at, end, tables.chars)
        kind, script, fold = entry & KIND_MASK, (entry >> SCRIPT_SHIFT) & SCRIPT_MASK, entry >> FOLD_SHIFT
    return kind, size, script, fold


@kernel
def split(
    data: Bytes, low: Whole, end: Whole, tables: Alphabet, words: Words, n: Whole, total: np.uint64
) -> tuple[Whole, np.uint64]:
    """Append the words of data[low:end] from place n on; returns the new count and the hash of all.

    The count never exceeds the room.
    """
    page = tables.page
    turn_to(data, low, end, page)
    done, line = low, True
    span: Whole = np.int64(0)
    spans: Whole = np.int64(1)
    span_stop: Whole = np.int64(-1)
    for block in range((end - low + 63) >> 6):
        events = page.events[np.uint64(block)]
        while events:
            place = (block << 6) + lowest(events)
            events &= np.uint64(events - np.uint64(1))
            at = low + place
            if at < done or n == len(words):
                continue
            if span != 0 and at >= span_stop:
                closed = at == span_stop
                done = at + ((3 if span & 1 else decode(data, at, end)[1]) if closed else 0)
                span = np.int64(0)
                if closed:
                    continue
            count = run_at(page, place)
            after = page.bytes[np.uint64(place + count + PADDING)]
            name = np.int64(page.names[np.uint64(block)] >> np.uint64(place & 63) & ONE) << 4
            if not line and count > 0 and count <= LONGEST and not tables.joins[after]:
                value = run_hash(page, place, count)
                total = folded(total, value)
                n = put(words, n, value, np.uint64(0), span << SPAN | name | _LATIN, at, at + count)
                continue
            kind, size, script, fold = character_at(data, at, end, tables)
            if kind in (LETTER, DIGIT, SOLO):
                stop, value, plain = word_at(data, at, end, kind, fold, size, tables.chars)
                special = place_of(data, low, at, stop, end, value, line) if kind != SOLO else np.uint64(0)
                total = folded(total, value)
                n = put(
                    words, n, plain, special, span << SPAN | name | (_LATIN if count else script), at, stop
                )
                done, line = stop, False
            elif kind in (BOUNDARY, QUOTE):
                line |= data[at] == 0x0A
                mark, size, span, spans, stop = mark_or_span(data, low, at, size, end, kind, span, spans)
                if stop > 0:
                    span_stop = stop
                if mark != 0:
                    total = folded(total, mark)
                    n = put(words, n, mark, np.uint64(0), span << SPAN, at, at + size)
                done = at + size
            else:
                done = at + size
    return n, total


@inlined
def split_edges(
    data: Bytes, low: Whole, end: Whole, most: Whole, tables: Alphabet, words: Words, n: Whole
) -> tuple[Whole, np.uint64]:
    """Do as split, for the first and the last `most` bytes of a long text."""
    cut, tail = end, end
    if end - low > 2 * most:
        cut, tail = low + most, end - most
        while cut < end and (data[cut] & 0xC0) == 0x80:
            cut += 1
        while tail < end and (data[tail] & 0xC0) == 0x80:
            tail += 1
    n, total = split(data, low, cut, tables, words, n, np.uint64(0))
    if tail < end:
        n, total = split(data, tail, end, tables, words, n, total)
    return n, total
