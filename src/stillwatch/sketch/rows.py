"""The loop over a batch's conversations, compiled."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from stillwatch.schema.keyed import Int64s, siphash
from stillwatch.sketch.counters import Planes
from stillwatch.sketch.fingerprints import BANDS, Bench, band, projected, rank_windows, sample
from stillwatch.sketch.frequent import look_up
from stillwatch.sketch.intent.scoring import Packed, score, told
from stillwatch.sketch.kernel import inlined, kernel
from stillwatch.sketch.language import count_scripts, guess, main_script
from stillwatch.sketch.lexicon import Lexicon, Numbers
from stillwatch.sketch.matching import match
from stillwatch.sketch.offered import sketch_offers
from stillwatch.sketch.skeleton import edge, fold_all, mask, mask_message
from stillwatch.sketch.spans import Bytes, Hashes, Whole
from stillwatch.sketch.thinking import after_reasoning, reasoning_bytes
from stillwatch.sketch.words import Alphabet, Words, folded, split, split_edges

SYSTEM, USER, ASSISTANT, TOOL = range(4)
KINDS = ("prompt", "head", "tail", "system", "prefix", *["band"] * BANDS)
"""Kinds of the keys made from text, one for each of the first rows of the sheet."""
PROMPT, HEAD, TAIL, SYSTEM_KEY, PREFIX, FIRST_BAND = range(6)
SEMANTIC = FIRST_BAND + BANDS
KNOWN, TURNS, REFUSAL, REASONING, LAST_USER, WORDS, LANGUAGE, SCRIPT, SHINGLES_END, FLAGS, HARVEST = range(
    SEMANTIC + 1, SEMANTIC + 12
)
OFFERS_END = HARVEST + 1
HEIGHT = OFFERS_END + 1
"""Rows of the sheet that the kernels write, with one column per request.

Keys by kind, not sealed yet; signs of projections; bits of the keys that are known; user messages; whether
the answer refuses; bytes of it that are reasoning between tags; the message that was sketched, or -1; masked
words; numbers of the language and the script; where the request's shingles end; the intent model's result:
bits of flags, and thousandths; where what the request's answer offers ends.
"""

ANSWER_BYTES = 120
"""A refusal is searched in so many bytes at the beginning of an answer."""
APART = 64
"""Word places between two texts, so that no cue covers both."""


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

    alphabet: Alphabet
    """Tables of characters."""
    common: Hashes
    """Table of common words."""
    refusals: Lexicon
    """Tables of refusal phrases."""
    seen: Numbers
    """Room for matching them."""
    cues: Lexicon
    """Tables of the cues of flags."""
    cues_seen: Numbers
    """Room for matching them."""
    intent: Packed
    """The intent model."""
    sums: Int64s
    """Room for its sums, one row."""
    secrets: Hashes
    """Halves of the keys of windows and of projections, low half of the run's key, high half for prefixes."""
    words: Words
    """Room for a text's words."""
    masked: Words
    """Room for masked words."""
    bench: Bench
    """Room for fingerprints."""
    tags: Hashes
    """Hashes of the tags of reasoning."""
    votes: Planes
    """Room for the languages' votes."""
    scripts: Int64s
    """Room for the scripts' counts."""
    of_script: Hashes
    """By script: the bits of its languages."""
    sizes: Int64s
    """EDGE_WORDS, SHINGLE_WORDS, RATE, KEPT, MOST."""


EDGE_WORDS, SHINGLE_WORDS, RATE, KEPT, MOST = range(5)
WINDOW0, WINDOW1, SIGN0, SIGN1, K0, PREFIX1 = range(6)


class Sheet(NamedTuple):
    """What the kernels write."""

    numbers: Int64s
    """HEIGHT rows, one column a request."""
    shingles: Int64s
    """All requests' fingerprints, one after the other, not sealed yet."""
    places: npt.NDArray[np.int32]
    """The word at which each fingerprint begins."""
    offers: Int64s
    """What all answers offer, one after the other, not sealed yet."""


@inlined
def write(sheet: Sheet, row: Whole, kind: Whole, value: np.uint64) -> None:
    """Write a key that is not sealed yet."""
    sheet.numbers[kind, row] = np.int64(value)
    sheet.numbers[KNOWN, row] |= 1 << kind


@kernel
def sketch_user(
    row: Whole, turn: Whole, total: np.uint64, tools: Tools, n: Whole, sheet: Sheet, end: Whole
) -> Whole:
    """Write keys and fingerprints of the last user message, whose words are in `tools.words`.

    Returns the new end of all shingles.
    """
    words, masked, numbers, sizes, secrets = (
        tools.words,
        tools.masked,
        sheet.numbers,
        tools.sizes,
        tools.secrets,
    )
    look_up(words, n, tools.common, tools.votes)
    count_scripts(words, n, tools.scripts)
    main = main_script(tools.scripts)
    numbers[SCRIPT, row] = main
    numbers[LANGUAGE, row] = guess(main, tools.votes, tools.of_script)
    write(sheet, row, PROMPT, total)
    count = mask_message(words, n, masked)
    numbers[WORDS, row] = count
    write(sheet, row, HEAD, edge(words, masked, count, sizes[EDGE_WORDS], 1))
    write(sheet, row, TAIL, edge(words, masked, count, sizes[EDGE_WORDS], -1))
    score(masked, count, tools.intent, turn + 1, tools.sums, 0)
    windows = rank_windows(
        masked, count, sizes[SHINGLE_WORDS], secrets[WINDOW0], secrets[WINDOW1], tools.bench
    )
    for number in range(BANDS):
        write(sheet, row, FIRST_BAND + number, band(tools.bench.bins, number))
    write(
        sheet,
        row,
        SEMANTIC,
        projected(words, masked, count, secrets[SIGN0], secrets[SIGN1], tools.bench.planes),
    )
    return sample(tools.bench.ranks, windows, sizes[RATE], sizes[KEPT], sheet.shingles, sheet.places, end)


@kernel
def sketch_system(texts: Texts, row: Whole, turn: Whole, tools: Tools, sheet: Sheet, base: Whole) -> Whole:
    """Write the key of all system messages."""
    n: Whole = np.int64(0)
    for m in range(texts.rows[row, 0], texts.rows[row, 1]):
        if texts.roles[m] == SYSTEM:
            n, _ = split_edges(
                texts.data,
                texts.spans[m, 0],
                texts.spans[m, 1],
                tools.sizes[MOST],
                tools.alphabet,
                tools.words,
                n,
            )
    if n:
        look_up(tools.words, n, tools.common, tools.votes)
        count = mask(tools.words, n, False, tools.masked)
        write(sheet, row, SYSTEM_KEY, fold_all(tools.masked, count))
        score(tools.masked, count, tools.intent, turn + 1, tools.sums, 0)
        sheet.numbers[FLAGS, row] = match(tools.words, n, tools.cues, tools.cues_seen, base, turn)
    return n


@kernel
def sketch_prefix(texts: Texts, row: Whole, tools: Tools, sheet: Sheet) -> None:
    """Write the key of the first user message and the first answer after it."""
    total = np.uint64(0)
    wanted = USER
    for m in range(texts.rows[row, 0], texts.rows[row, 1]):
        if texts.roles[m] == wanted:
            start = texts.spans[m, 0]
            stop = min(texts.spans[m, 1], start + tools.sizes[MOST])
            total ^= siphash(texts.data, start, stop, tools.secrets[K0] ^ total, tools.secrets[PREFIX1])
            if wanted == ASSISTANT:
                write(sheet, row, PREFIX, total)
                return
            wanted = ASSISTANT


@kernel
def find_turns(texts: Texts, row: Whole, sheet: Sheet) -> bool:
    """Count user messages and find the last; returns whether there is a system message."""
    last, turns, system = np.int64(-1), np.int64(0), False
    for m in range(texts.rows[row, 0], texts.rows[row, 1]):
        system |= texts.roles[m] == SYSTEM
        if texts.roles[m] == USER:
            last = np.int64(m)
            turns += 1
    sheet.numbers[LAST_USER, row] = last
    sheet.numbers[TURNS, row] = turns
    return system


@inlined
def sketch_row(
    row: Whole, turn: Whole, base: Whole, end: Whole, offered: Whole, texts: Texts, tools: Tools, sheet: Sheet
) -> tuple[Whole, Whole, Whole]:
    """Sketch one row: its system messages, its last user message, its answer.

    Returns how many words came before the next row, and the new ends of all shingles and offers. The row's
    column of the sheet must be zero. `turn` and `base` must grow from one call with the same `tools` to the
    next. With them the tables separate this row's cues and features from those of earlier rows.
    """
    most, data, spans, words = tools.sizes[MOST], texts.data, texts.spans, tools.words
    tools.sums[0, :] = 0
    if find_turns(texts, row, sheet):
        base += sketch_system(texts, row, turn, tools, sheet, base) + APART
    user = sheet.numbers[LAST_USER, row]
    sheet.numbers[SCRIPT, row] = -1
    if user >= 0:
        low, high = spans[user, 0], spans[user, 1]
        n, total = split_edges(data, low, high, most, tools.alphabet, words, np.int64(0))
        if n:
            total = folded(total, np.uint64(max(0, high - low - 2 * most)))
            end = sketch_user(row, turn, total, tools, n, sheet, end)
            sheet.numbers[FLAGS, row] |= match(words, n, tools.cues, tools.cues_seen, base, turn)
            base += n + APART
    sheet.numbers[SHINGLES_END, row] = end
    sheet.numbers[FLAGS, row], sheet.numbers[HARVEST, row] = told(
        tools.intent, tools.sums, 0, sheet.numbers[FLAGS, row]
    )
    start, last = texts.answer_spans[row, 0], texts.answer_spans[row, 1]
    stop = min(last, start + ANSWER_BYTES)
    if stop > start:
        n, _ = split(texts.answers, start, stop, tools.alphabet, words, np.int64(0), np.uint64(0))
        sheet.numbers[REFUSAL, row] = match(words, n, tools.refusals, tools.seen, base, turn)
        base += n + APART
        thought = reasoning_bytes(texts.answers, start, last, tools.tags)
        sheet.numbers[REASONING, row] = thought
        said = after_reasoning(texts.answers, start, last, thought)
        offered = sketch_offers(texts.answers, said, last, most, tools.alphabet, words, sheet.offers, offered)
    sheet.numbers[OFFERS_END, row] = offered
    if sheet.numbers[TURNS, row] >= 2:
        sketch_prefix(texts, row, tools, sheet)
    return base, end, offered


@kernel
def sketch_rows(texts: Texts, tools: Tools, sheet: Sheet) -> tuple[Whole, Whole]:
    """Sketch every row of a batch; returns the numbers of shingles and of offers."""
    base: Whole = np.int64(0)
    end: Whole = np.int64(0)
    offered: Whole = np.int64(0)
    for row in range(len(texts.rows)):
        base, end, offered = sketch_row(row, row, base, end, offered, texts, tools, sheet)
    return end, offered
