"""What an answer offers to be asked: keys of the answer and of its lines, as prompts have them, compiled.

Pipelines that make training data first have the model write or harden instructions, and then send these,
whole, as prompts (Self-Instruct: Wang et al. 2023; Evol-Instruct: Xu et al. 2024). A prompt then has the key
of an earlier answer, or of one of its lines, in whatever words the first of them was asked for.
"""

from __future__ import annotations

import numpy as np

from stillwatch.schema.keyed import Int64s
from stillwatch.sketch.kernel import inlined, kernel
from stillwatch.sketch.spans import Bytes, Whole
from stillwatch.sketch.words import (
    LINK,
    NUMBER,
    PLAIN,
    START,
    STOP,
    Alphabet,
    Words,
    folded,
    link_hash,
    rest,
    split,
)

LEAST_WORDS = 6
"""A shorter part is a greeting, a "yes" or a heading, and would be a prompt by chance."""
MOST_PARTS = 16
"""Keys kept of one answer."""
READ_BYTES = 2_048
"""A longer answer is no single instruction: its whole has no key, and only the lines in so many bytes at its
beginning have one."""
LABEL_WORDS, LABEL_SIGNS = 3, 4
"""Words of a label such as "Rewritten prompt:", and bytes behind its last word in which the colon must be."""


@kernel
def line_end(data: Bytes, words: Words, at: Whole, n: Whole) -> Whole:
    """Return the place of the first word on a later line than that of word `at`, or n."""
    for i in range(at + 1, n):
        for place in range(words[i - 1, STOP], words[i, START]):
            if data[place] == 0x0A:
                return np.int64(i)
    return n


@inlined
def sign_after(data: Bytes, words: Words, at: Whole, end: Whole) -> np.uint8:
    """Return the byte behind a word, 0 at the end."""
    place = np.int64(words[at, STOP])
    return data[place] if place < end else np.uint8(0)


@inlined
def after_number(data: Bytes, words: Words, at: Whole, close: Whole, end: Whole) -> Whole:
    """Return the first word behind the number of a list, as in "3.", "(3)", "**3)**"; else `at`."""
    if at + 1 >= close or words[at, PLAIN] != NUMBER:
        return at
    sign = sign_after(data, words, at, end)
    return at + 1 if sign == 0x2E or sign == 0x29 or sign == 0x3A else at


@kernel
def after_label(data: Bytes, words: Words, at: Whole, close: Whole) -> Whole:
    """Return the first word behind a label, as in "Task 3:", "**Prompt:**", `"question":`; else `at`."""
    for i in range(at, min(close - 1, at + LABEL_WORDS)):
        place = np.int64(words[i, STOP])
        for sign in range(place, min(place + LABEL_SIGNS, np.int64(words[i + 1, START]))):
            if data[sign] == 0x3A:
                return np.int64(i + 1)
            if data[sign] <= 0x20:
                break
    return at


@kernel
def fold_words(data: Bytes, words: Words, at: Whole, close: Whole, tables: Alphabet) -> np.uint64:
    """Return the hash that `split` gives a text of these words; numbers and links are read once more."""
    total = np.uint64(0)
    for i in range(at, close):
        value = words[i, PLAIN]
        if value == NUMBER:
            value = rest(data, np.int64(words[i, START]), np.int64(words[i, STOP]), tables.chars)[1]
        elif value == LINK:
            value = link_hash(data, np.int64(words[i, START]), np.int64(words[i, STOP]))
        total = folded(total, value)
    return total


@kernel
def keep(total: np.uint64, n: Whole, offers: Int64s, first: Whole, end: Whole) -> Whole:
    """Write a part's hash unless it is short, there already, or one too many; returns the new end."""
    value = np.int64(folded(total, np.uint64(0)))
    if n < LEAST_WORDS or end - first >= MOST_PARTS:
        return end
    for i in range(first, end):
        if offers[i] == value:
            return end
    offers[end] = value
    return end + 1


@kernel
def sketch_offers(
    data: Bytes,
    start: Whole,
    stop: Whole,
    most: Whole,
    tables: Alphabet,
    words: Words,
    offers: Int64s,
    end: Whole,
) -> Whole:
    """Write the hashes of what an answer offers, not sealed yet; returns the new end of all offers.

    They are hashed as prompts are: the whole answer, what follows a first line that announces it, and each
    line without its number, with and without its label. most: bytes that `tables` and `words` have room for.
    """
    first, limit = end, min(np.int64(READ_BYTES), most)
    whole = stop - start <= limit
    reach = stop if whole else start + limit
    n, total = split(data, start, reach, tables, words, np.int64(0), np.uint64(0))
    if whole:
        end = keep(total, n, offers, first, end)
    line: Whole = np.int64(0)
    while line + LEAST_WORDS <= n and end - first < MOST_PARTS:
        close = line_end(data, words, line, n)
        if close == n and not whole:
            break  # this line is cut
        if line == 0 and whole and close < n:
            sign = sign_after(data, words, close - 1, reach)
            if sign == 0x3A or sign == 0x23 or sign == 0x2A:
                end = keep(fold_words(data, words, close, n, tables), n - close, offers, first, end)
        body = after_number(data, words, line, close, reach)
        if close - body >= LEAST_WORDS:
            end = keep(fold_words(data, words, body, close, tables), close - body, offers, first, end)
            bare = after_label(data, words, body, close)
            if bare > body:
                bare = after_number(data, words, bare, close, reach)
                end = keep(fold_words(data, words, bare, close, tables), close - bare, offers, first, end)
        line = close
    return end
