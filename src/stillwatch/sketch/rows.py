"""The loop over a batch's conversations, compiled."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from stillwatch.schema.keyed import Int64s, siphash, siphash_word
from stillwatch.sketch.characters import SCRIPTS, Characters
from stillwatch.sketch.kernel import kernel
from stillwatch.sketch.language import guess
from stillwatch.sketch.lexicon import REFUSED, Hashes, Numbers
from stillwatch.sketch.matching import match
from stillwatch.sketch.skeleton import ORIGIN, VALUE, fold, mask, winnow
from stillwatch.sketch.spans import Bytes, Whole
from stillwatch.sketch.words import RAW, SCRIPT, START, STOP, Words, split_edges

SYSTEM, USER, ASSISTANT, TOOL = range(4)
KINDS = ("prompt", "head", "tail", "system", "prefix", "shingle")
"""Kinds of the keys made from text."""
PROMPT, HEAD, TAIL, SYSTEM_KEY, PREFIX, SHINGLE = range(6)
KNOWN, FLAGS, TURNS, REFUSAL, HEAD_STOP, LAST_USER, SHINGLES, LANGUAGE = range(5, 13)
SCRIPT_COUNTS = 13
LANGUAGE_VOTES = SCRIPT_COUNTS + len(SCRIPTS)
LANGUAGES = 20
SPARE_VOTES = LANGUAGE_VOTES + LANGUAGES
FIRST_SHINGLE = SPARE_VOTES + LANGUAGES
"""Columns of the sheet the kernels write, one row a request: keys by kind; bits of the keys that are known; flag bits; user messages; whether the
answer refuses; where the head ends; the message that was sketched, or -1; how many shingles; number of the language; words by script; votes by language; votes of the
system prompt and the answer, which do not count; shingles."""

ANSWER_BYTES = 240
"""A refusal is looked for in so many bytes at an answer's head."""
FEW_WORDS = 5
"""If masking quotations and code leaves fewer words than this, only numbers and dates are masked."""
APART = 64
"""Word places between two texts, so that no cue spans both."""


class Texts(NamedTuple):
    """A batch's messages and answers as flat buffers."""

    data: Bytes
    """All messages' bytes."""
    spans: Int64s
    """By message: where it begins and ends."""
    roles: npt.NDArray[np.uint8]
    """By message: SYSTEM …"""
    rows: Int64s
    """By row: its first message and the one after its last."""
    answers: Bytes
    """All answers' bytes."""
    answer_spans: Int64s
    """By row: where its answer begins and ends."""


class Tools(NamedTuple):
    """What the kernels look things up in, and room to work."""

    chars: Characters
    """Unicode table."""
    table: Hashes
    """The lexicon's table."""
    nodes: Numbers
    """Its nodes."""
    ends: Numbers
    """Its ends."""
    seen: Numbers
    """Room for matching."""
    secrets: Hashes
    """Low half of the key, seed and factor of the word hash, then the key's high half for each of KINDS."""
    words: Words
    """Room for a text's words."""
    masked: Words
    """Room for masked words."""
    ring: Int64s
    """Room for one winnowing window."""
    of_script: Int64s
    """By language: its script."""
    sizes: Int64s
    """EDGE_WORDS, SHINGLE_WORDS, MOST."""


EDGE_WORDS, SHINGLE_WORDS, MOST = range(3)
K0, SEED, FACTOR, K1 = range(4)


@kernel
def write(sheet: Numbers, row: Whole, kind: Whole, value: np.uint64, secrets: Hashes) -> None:
    """Write a key."""
    sheet[row, kind] = np.int64(siphash_word(value, secrets[K0], secrets[K1 + kind]))
    sheet[row, KNOWN] |= 1 << kind


@kernel
def sketch_user(texts: Texts, m: Whole, row: Whole, tools: Tools, n: Whole, sheet: Numbers) -> None:
    """Keys and shingles of the last user message, whose words are in `tools.words`."""
    words, masked, secrets = tools.words, tools.masked, tools.secrets
    for i in range(n):
        sheet[row, SCRIPT_COUNTS + np.int64(words[i, SCRIPT])] += 1
    sheet[row, LANGUAGE] = guess(sheet, row, SCRIPT_COUNTS, LANGUAGE_VOTES, tools.of_script)
    skipped = max(0, texts.spans[m, 1] - texts.spans[m, 0] - 2 * tools.sizes[MOST])
    write(sheet, row, PROMPT, fold(words, RAW, 0, n) ^ np.uint64(skipped), secrets)
    count = mask(words, n, True, masked)
    if count < FEW_WORDS:
        count = mask(words, n, False, masked)
    edge = min(count, tools.sizes[EDGE_WORDS])
    write(sheet, row, HEAD, fold(masked, VALUE, 0, edge), secrets)
    write(sheet, row, TAIL, fold(masked, VALUE, count - edge, count), secrets)
    sheet[row, HEAD_STOP] = np.int64(words[n - 1, STOP] if edge == count else words[np.int64(masked[edge, ORIGIN]), START])
    size = tools.sizes[SHINGLE_WORDS]
    sheet[row, SHINGLES] = winnow(masked, count, size, secrets[K0], secrets[K1 + SHINGLE], tools.ring, sheet, row, FIRST_SHINGLE)


@kernel
def sketch_prefix(texts: Texts, row: Whole, tools: Tools, sheet: Numbers) -> None:
    """Key of the first user message and the first answer after it."""
    total = np.uint64(0)
    wanted = USER
    for m in range(texts.rows[row, 0], texts.rows[row, 1]):
        if texts.roles[m] == wanted:
            start = texts.spans[m, 0]
            stop = min(texts.spans[m, 1], start + tools.sizes[MOST])
            total ^= siphash(texts.data, start, stop, tools.secrets[K0] ^ total, tools.secrets[K1 + PREFIX])
            if wanted == ASSISTANT:
                write(sheet, row, PREFIX, total, tools.secrets)
                return
            wanted = ASSISTANT


@kernel
def read(data: Bytes, start: Whole, stop: Whole, n: Whole, tools: Tools) -> Whole:
    """Words of a text to `tools.words` from place n on; returns the new count."""
    secrets = tools.secrets
    return split_edges(data, start, stop, tools.sizes[MOST], tools.chars, secrets[SEED], secrets[FACTOR], tools.words, n)


@kernel
def find_turns(texts: Texts, sheet: Numbers) -> None:
    """Count user messages, and note the last."""
    for row in range(len(texts.rows)):
        sheet[row, LAST_USER] = -1
        for m in range(texts.rows[row, 0], texts.rows[row, 1]):
            if texts.roles[m] == USER:
                sheet[row, LAST_USER] = m
                sheet[row, TURNS] += 1


@kernel
def sketch_rows(texts: Texts, tools: Tools, sheet: Numbers) -> None:
    """Sketch every row of a batch: its system messages, its last user message, its answer."""
    base = np.int64(0)
    find_turns(texts, sheet)
    for row in range(len(texts.rows)):
        user = sheet[row, LAST_USER]
        for part in range(3):
            n: Whole = np.int64(0)  # a literal 0 would compile every callee twice
            if part == 0:
                for m in range(texts.rows[row, 0], texts.rows[row, 1]):
                    if texts.roles[m] == SYSTEM:
                        n = read(texts.data, texts.spans[m, 0], texts.spans[m, 1], n, tools)
            elif part == 1 and user >= 0:
                n = read(texts.data, texts.spans[user, 0], texts.spans[user, 1], n, tools)
            elif part == 2:
                start = texts.answer_spans[row, 0]
                n = read(texts.answers, start, min(texts.answer_spans[row, 1], start + ANSWER_BYTES), n, tools)
            if n == 0:
                continue
            turn = 2 * row + (1 if part == 2 else 0)
            votes = LANGUAGE_VOTES if part == 1 else SPARE_VOTES
            flags = match(tools.words, n, tools.table, tools.nodes, tools.ends, tools.seen, base, turn, sheet, row, votes)
            base += n + APART
            if part == 2:
                sheet[row, REFUSAL] = flags & REFUSED
                continue
            sheet[row, FLAGS] |= flags
            if part == 0:
                write(sheet, row, SYSTEM_KEY, fold(tools.masked, VALUE, 0, mask(tools.words, n, False, tools.masked)), tools.secrets)
            else:
                sketch_user(texts, user, row, tools, n, sheet)
        if sheet[row, TURNS] >= 2:
            sketch_prefix(texts, row, tools, sheet)
