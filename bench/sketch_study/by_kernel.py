"""Milliseconds of each part of sketching a batch.

A part inside the loop over rows cannot be timed alone, so the loop is run with one part more each time, and the
difference is that part's. It is a copy of the loop for requests of one user message with an answer; what
`sketch_rows` takes beyond it is told as its own line.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa

from stillwatch.schema.keyed import HashKey
from stillwatch.settings import SketchSettings
from stillwatch.sketch import rows
from stillwatch.sketch.batch import run, sketch, tools_of
from stillwatch.sketch.chain import chain_keys
from stillwatch.sketch.fingerprints import BANDS, band, projected, rank_windows, sample
from stillwatch.sketch.flat import flatten
from stillwatch.sketch.frequent import look_up
from stillwatch.sketch.intent.scoring import score, told
from stillwatch.sketch.kernel import inlined, kernel
from stillwatch.sketch.language import count_scripts, guess, main_script
from stillwatch.sketch.machine import unmarked
from stillwatch.sketch.marks import marks_of
from stillwatch.sketch.matching import match
from stillwatch.sketch.offered import MOST_PARTS, sketch_offers
from stillwatch.sketch.rows import Sheet, Texts, Tools
from stillwatch.sketch.skeleton import edge, mask_message
from stillwatch.sketch.spans import Whole
from stillwatch.sketch.thinking import reasoning_bytes
from stillwatch.sketch.words import split, split_edges

STAGES = (
    "words of the prompt (split)",
    "common words (look_up)",
    "script and language",
    "masking (mask_message)",
    "first and last words (edge)",
    "intent model (score, told)",
    "windows and bins (rank_windows)",
    "bands (band)",
    "projections (projected)",
    "shingles (sample)",
    "cues (match)",
    "answer: words and refusal (split, match)",
    "answer: reasoning (reasoning_bytes)",
    "answer: what it offers (sketch_offers)",
)
"""Parts of the loop over rows, in their order."""


@inlined
def parts_of_prompt(stages: Whole, row: Whole, n: Whole, end: Whole, tools: Tools, sheet: Sheet) -> Whole:
    """Do the parts from the second to the tenth for a prompt of n words; returns the end of all shingles."""
    words, masked, sizes, secrets = tools.words, tools.masked, tools.sizes, tools.secrets
    numbers, room = sheet.numbers, tools.bench
    count: Whole = np.int64(0)
    windows: Whole = np.int64(0)
    if stages >= 2:
        look_up(words, n, tools.common, tools.votes)
    if stages >= 3:
        count_scripts(words, n, tools.scripts)
        numbers[rows.LANGUAGE, row] = guess(main_script(tools.scripts), tools.votes, tools.of_script)
    if stages >= 4:
        count = mask_message(words, n, masked)
    if stages >= 5:
        numbers[rows.HEAD, row] = np.int64(edge(words, masked, count, sizes[rows.EDGE_WORDS], 1))
        numbers[rows.TAIL, row] = np.int64(edge(words, masked, count, sizes[rows.EDGE_WORDS], -1))
    if stages >= 6:
        score(masked, count, tools.intent, row + 1, tools.sums, 0)
        numbers[rows.FLAGS, row], numbers[rows.HARVEST, row] = told(tools.intent, tools.sums, 0, np.int64(0))
    if stages >= 7:
        windows = rank_windows(
            masked, count, sizes[rows.SHINGLE_WORDS], secrets[rows.WINDOW0], secrets[rows.WINDOW1], room
        )
    if stages >= 8:
        for number in range(BANDS):
            numbers[rows.FIRST_BAND + number, row] = np.int64(band(room.bins, number))
    if stages >= 9:
        numbers[rows.SEMANTIC, row] = np.int64(
            projected(words, masked, count, secrets[rows.SIGN0], secrets[rows.SIGN1], room.planes)
        )
    if stages >= 10:
        end = sample(
            room.ranks, windows, sizes[rows.RATE], sizes[rows.KEPT], sheet.shingles, sheet.places, end
        )
    return end


@kernel
def some_parts(stages: Whole, texts: Texts, tools: Tools, sheet: Sheet) -> Whole:
    """Do the first parts for every row; returns the number of shingles."""
    numbers, words, zero = sheet.numbers, tools.words, np.int64(0)
    most, alphabet = tools.sizes[rows.MOST], tools.alphabet
    base: Whole = np.int64(0)
    end: Whole = np.int64(0)
    offered: Whole = np.int64(0)
    for row in range(len(texts.rows)):
        tools.sums[0, :] = 0
        low, high = texts.spans[texts.rows[row, 0]]
        n, _ = split_edges(texts.data, low, high, most, alphabet, words, zero)
        end = parts_of_prompt(stages, row, n, end, tools, sheet)
        if stages >= 11:
            numbers[rows.FLAGS, row] |= match(words, n, tools.cues, tools.cues_seen, base, row)
            base += n + rows.APART
        start, stop = texts.answer_spans[row]
        if stages >= 12:
            cut = min(stop, start + rows.ANSWER_BYTES)
            n, _ = split(texts.answers, start, cut, alphabet, words, zero, np.uint64(0))
            numbers[rows.REFUSAL, row] = match(words, n, tools.refusals, tools.seen, base, row)
            base += n + rows.APART
        if stages >= 13:
            numbers[rows.REASONING, row] = reasoning_bytes(texts.answers, start, stop, tools.tags)
        if stages >= 14:
            offered = sketch_offers(texts.answers, start, stop, most, alphabet, words, sheet.offers, offered)
    return end


def sheet_for(texts: Texts, kept: int) -> Sheet:
    """Make an empty sheet."""
    count = len(texts.rows)
    place = (count + 1) * max(2, kept)
    return Sheet(
        np.zeros((rows.HEIGHT, count + 56), np.int64),
        np.empty(place, np.int64),
        np.empty(place, np.int32),
        np.empty((count + 1) * MOST_PARTS, np.int64),
    )


def by_kernel(batch: pa.RecordBatch, key: HashKey, times: int) -> dict[str, float]:
    """Return milliseconds of each part, in order, and of the whole; medians of runs that take turns."""
    settings = SketchSettings()
    messages, answers = batch.column("messages"), batch.column("answer")
    texts, valid = flatten(messages, answers), np.asarray(answers.is_valid())
    inner: Any = messages
    asked = inner.values.field("text")

    def loop(stage: int) -> None:
        sheet, tools = sheet_for(texts, settings.shingles_kept), tools_of(key, settings)
        if stage > len(STAGES):
            rows.sketch_rows(texts, tools, sheet)
        else:
            some_parts(stage, texts, tools, sheet)

    ways: dict[str, Callable[[], object]] = {
        str(stage): lambda stage=stage: loop(stage)  # type: ignore[misc]
        for stage in range(1, len(STAGES) + 2)
    }
    ways |= {
        "unmarked": lambda: unmarked(asked),
        "flatten": lambda: flatten(messages, answers),
        "run": lambda: run(texts, key, settings),
        "marks": lambda: marks_of(batch, key),
        "chain": lambda: chain_keys(texts, valid, key),
        "whole": lambda: sketch(batch, key, settings),
    }
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(times + 1):
        for name, way in ways.items():
            start = time.thread_time()
            way()
            if turn:  # the first compiles
                taken[name].append((time.thread_time() - start) * 1e3)
    return _told({name: statistics.median(values) for name, values in taken.items()})


def _told(taken: dict[str, float]) -> dict[str, float]:
    """Return what each part takes, from what the loop takes with more and more of them."""
    found = {"machines' marks (find_marked)": taken["unmarked"]}
    found["roles and places of texts"] = taken["flatten"] - taken["unmarked"]
    before = 0.0
    for stage, name in enumerate(STAGES, 1):
        found[name] = taken[str(stage)] - before
        before = taken[str(stage)]
    loop = taken[str(len(STAGES) + 1)]
    found["the loop beyond its parts (sketch_rows)"] = loop - before
    found["keys sealed (seal)"] = taken["run"] - loop
    found["marks of client and address (marks_of)"] = taken["marks"]
    found["conversation keys (chain_keys)"] = taken["chain"]
    found["columns, other keys"] = taken["whole"] - sum(found.values())
    return {**{name: round(value, 2) for name, value in found.items()}, "whole": round(taken["whole"], 2)}
