"""Text to words, compiled: one pass over UTF-8 bytes gives each word's keyed hash and what it stands in."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from stillwatch.sketch.characters import (
    DIGIT,
    FOLD_SHIFT,
    IGNORED,
    KIND_MASK,
    LETTER,
    QUOTE,
    SCRIPT_MASK,
    SCRIPT_SHIFT,
    SOLO,
    TABLE_SIZE,
    Characters,
)  # fmt: skip
from stillwatch.sketch.kernel import kernel
from stillwatch.sketch.spans import Bytes, Whole, decode, fence_end, link_end, quote_end, run_of

Words = npt.NDArray[np.uint64]
"""One row a word, one column for each of the following; a single array, because each one passed to a kernel costs as much as a word."""
RAW, PLAIN, SPECIAL, SPAN, START, STOP, SCRIPT, DATED = range(8)
"""Hash of the folded word; the same but NUMBER if it holds a digit and LINK for a URL; its hash in a telling place, else 0; number of the
quotation or code block it stands in, else 0, odd for code; where it begins and ends; its first character's script; whether it names a date."""

NUMBER, QUOTED, CODE, LINK, FENCE, HASHES, PROMPT = (np.uint64(n) for n in range(1, 8))
"""What stands for a number or dated word, a quotation, a code block, a link; and three marks that count as words: ```, ####, >>>."""
TAG, BRACKETS, CHOICE, LABEL = (np.uint64(n << 60) for n in range(1, 5))
"""Mixed into a word's hash when it stands as <word>, [[word]], 'A.' or 'Word:' at the start of a line."""

_MIX = np.uint64(0x9FB21C651E98DF25)


def room(size: Whole) -> Words:
    """Room for so many words."""
    return np.zeros((size, 8), np.uint64)


@kernel
def entry_at(data: Bytes, at: Whole, end: Whole, chars: Characters) -> tuple[Whole, Whole]:
    """Table entry and bytes of the character at a position; ideographs above the table are words, anything higher is invisible."""
    code, size = decode(data, at, end)
    if code < TABLE_SIZE:
        return np.int64(chars[code]), size
    return (code << FOLD_SHIFT) | (SOLO if code < 0xE0000 else IGNORED), size


@kernel
def _joins(data: Bytes, after: Whole, end: Whole, fold: Whole, numeric: bool, chars: Characters) -> bool:
    """Whether an apostrophe inside a word, or a separator inside a number, is part of it."""
    wanted = LETTER
    if numeric:
        wanted = DIGIT
        if fold != 0x2E and fold != 0x2C and fold != 0x3A:
            return False
    elif fold != 0x27 and fold != 0x2019:
        return False
    return bool(after < end and entry_at(data, after, end, chars)[0] & KIND_MASK == wanted)


@kernel
def read_word(data: Bytes, start: Whole, end: Whole, chars: Characters, seed: np.uint64, factor: np.uint64) -> tuple[Whole, np.uint64, bool]:
    """End, hash, and whether the word holds a digit; `start` is at a letter or digit."""
    value = seed
    digits, letters = False, False
    at = start
    while at < end:
        entry: Whole = np.int64(chars[data[at]])
        size: Whole = 1
        if entry & KIND_MASK == LETTER and data[at] < 0x80:
            letters = True
            value = np.uint64((value ^ np.uint64(entry >> FOLD_SHIFT)) * factor)
            at += 1
            continue
        if data[at] >= 0x80:
            entry, size = entry_at(data, at, end, chars)
        kind = entry & KIND_MASK
        if kind != IGNORED:
            counted = kind in (LETTER, DIGIT)
            if not counted:
                counted = digits and not letters
                if not _joins(data, at + size, end, entry >> FOLD_SHIFT, counted, chars):
                    break
            letters |= kind == LETTER
            digits |= kind == DIGIT
            if counted:
                value = np.uint64((value ^ np.uint64(entry >> FOLD_SHIFT)) * factor)
        at += size
    return at, mixed(value), digits


@kernel
def mixed(value: np.uint64) -> np.uint64:
    """A hash with its high bits spread to the low ones."""
    value = np.uint64((value ^ (value >> np.uint64(32))) * _MIX)
    return value ^ (value >> np.uint64(29))


@kernel
def link_hash(data: Bytes, start: Whole, stop: Whole, seed: np.uint64, factor: np.uint64) -> np.uint64:
    """Hash of a URL's bytes."""
    value = seed
    for at in range(start, stop):
        value = np.uint64((value ^ np.uint64(data[at])) * factor)
    return mixed(value)


@kernel
def place_of(data: Bytes, low: Whole, start: Whole, stop: Whole, end: Whole, value: np.uint64, line: bool) -> np.uint64:
    """Hash of a word in a telling place, else 0."""
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


@kernel
def put(
    words: Words, n: Whole, value: np.uint64, plain: np.uint64, special: np.uint64, span: Whole, start: Whole, stop: Whole, script: Whole
) -> Whole:
    """Write a word at place n; returns the next place."""
    words[n, RAW] = value
    words[n, PLAIN] = plain
    words[n, SPECIAL] = special
    words[n, SPAN] = np.uint64(span)
    words[n, START] = np.uint64(start)
    words[n, STOP] = np.uint64(stop)
    words[n, SCRIPT] = np.uint64(script)
    return n + 1


@kernel
def mark_at(data: Bytes, low: Whole, at: Whole, end: Whole) -> np.uint64:
    """FENCE, HASHES or PROMPT if such a mark stands here, else 0."""
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
def split(data: Bytes, low: Whole, end: Whole, chars: Characters, seed: np.uint64, factor: np.uint64, words: Words, n: Whole) -> Whole:
    """Append the words of data[low:end] from place n on; returns the new count, never more than there is room for."""
    at, line, span, spans = low, True, 0, 1
    span_stop: Whole = -1
    full = words.shape[0]
    while at < end and n < full:
        if span != 0 and at >= span_stop:
            if at == span_stop:
                at += 3 if span & 1 else decode(data, at, end)[1]
            span = 0
            continue
        entry: Whole = np.int64(chars[data[at]])
        size: Whole = 1
        if data[at] >= 0x80:
            entry, size = entry_at(data, at, end, chars)
        kind = entry & KIND_MASK
        script = (entry >> SCRIPT_SHIFT) & SCRIPT_MASK
        if kind in (LETTER, DIGIT):
            stop = link_end(data, at, end) if (data[at] | 0x20) == 0x68 else at
            if stop > at:
                n = put(words, n, link_hash(data, at, stop, seed, factor), LINK, np.uint64(0), span, at, stop, script)
            else:
                stop, value, digits = read_word(data, at, end, chars, seed, factor)
                special = np.uint64(0)
                if line or (stop < end and (data[stop] == 0x3E or data[stop] == 0x5D)):
                    special = place_of(data, low, at, stop, end, value, line)
                n = put(words, n, value, NUMBER if digits else value, special, span, at, stop, script)
            at, line = stop, False
            continue
        if kind == SOLO:
            value = mixed(np.uint64((seed ^ np.uint64(entry >> FOLD_SHIFT)) * factor))
            n = put(words, n, value, value, np.uint64(0), span, at, at + size, script)
            line = False
        elif size == 1:
            line |= data[at] == 0x0A
            mark = mark_at(data, low, at, end)
            if mark != 0:
                if mark == FENCE and span == 0:
                    span_stop = fence_end(data, at + 3, end)
                    spans += 2
                    span = spans if span_stop > 0 else 0
                size = 4 if mark == HASHES else 3
                n = put(words, n, mark, mark, np.uint64(0), span, at, at + size, 0)
        if kind == QUOTE and span == 0 and size < 4 and not (size == 3 and data[at] < 0x80):
            closing = quote_end(data, low, at, size, end)
            if closing > 0:
                spans += 2
                span, span_stop = spans - 1, closing
        at += size
    return n


@kernel
def split_edges(
    data: Bytes, low: Whole, end: Whole, most: Whole, chars: Characters, seed: np.uint64, factor: np.uint64, words: Words, n: Whole
) -> Whole:
    """As split, for the first and the last `most` bytes of a long text."""
    cut, tail = end, end
    if end - low > 2 * most:
        cut, tail = low + most, end - most
        while cut < end and (data[cut] & 0xC0) == 0x80:
            cut += 1
        while tail < end and (data[tail] & 0xC0) == 0x80:
            tail += 1
    for start, stop in ((low, cut), (tail, end)):
        n = split(data, start, stop, chars, seed, factor, words, n)
    return n
