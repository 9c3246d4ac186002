"""The intent model's kernels: look up words and pairs of neighbours in one small table, and sum them."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from stillwatch.schema.flags import HARVEST, Flag
from stillwatch.sketch.intent.labels import BITS, LABELS
from stillwatch.sketch.kernel import inlined, kernel
from stillwatch.sketch.skeleton import VALUE
from stillwatch.sketch.spans import Hashes, Whole
from stillwatch.sketch.words import Words

Sums = npt.NDArray[np.int64]
BUCKET_BITS = 14
SHIFT, TAG_SHIFT = np.uint64(64 - BUCKET_BITS), np.uint64(34)
WORD, PAIR = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F)
"""Factors of the feature hashes.

A word's feature is word * WORD; that of two neighbours is (first * PAIR ^ second) * WORD.
"""
EVEN = np.uint64(0x00FF00FF00FF00FF)
EVEN_HIGH = np.uint64(0x000000FF00FF00FF)
ODD_HIGH = np.uint64(0x00000000000000FF | 0x00FF0000)
LANE = np.uint64(0xFFFF)
BIAS = 128
"""Weights are stored as bytes from 1 to 255."""
CONFIRMED, LIKELY = math.log(0.75 / 0.25), math.log(0.8 / 0.2)
"""Logits, at even odds, that a flag needs with a cue, and that a harvest of any kind needs without one.

Nine labels each at their own threshold would flag 1.3 % of the exchanges without a label.
"""
HARVESTING, CONTEXT = int(HARVEST), int(Flag.EVALUATION | Flag.AGENTIC | Flag.STEPS)
FRAMED = int(Flag.EVALUATION | Flag.STEPS)
"""Cues of the form in which tests are printed.

A question in such a form says nothing of what is made from its answer, so that the model is not believed
without a cue of a harvest.
"""
REASONED, STEPS_FLAG = int(Flag.REASONING), int(Flag.STEPS)
STEPS = np.uint64(128)
"""So many words, with two features each, are summed in lanes of 16 bits before they are emptied."""
Lanes = tuple[np.uint64, np.uint64, np.uint64, np.uint64, np.uint64]
"""Sums of weights in lanes of 16 bits.

Of the labels 0, 2, 4, 6; 1, 3, 5, 7; 8, 10, 12; 9, 11; and the number of features added.
"""
DAMPING = 20.0
"""A sum of n distinct features is divided by sqrt(n + DAMPING): few words are weak evidence."""
COLUMNS = len(LABELS)
HITS = COLUMNS
"""Place of the number of distinct known features in a row of sums."""
GAIN, BASE, THRESHOLD = range(3)
"""Columns of `Packed.scales`."""


class Packed(NamedTuple):
    """The model as arrays for the kernels."""

    table: Hashes
    """By bucket: the 13 weights as bytes, lowest first, an unused byte, and the feature's tag of 16 bits.

    A tag of 0 is an empty place.
    """
    scales: npt.NDArray[np.float64]
    """By label: GAIN, BASE, THRESHOLD.

    The calibrated logit is GAIN * sum / sqrt(n + DAMPING) + BASE, and the flag is set from THRESHOLD on.
    """
    bits: npt.NDArray[np.int64]
    """By label: the bit it sets; 0 for harvest."""
    seen: npt.NDArray[np.int32]
    """Room: by bucket, the turn in which it was last counted.

    Make one for each run of the kernels, with `room_for`.
    """


def packed_of(
    buckets: npt.NDArray[np.uint16],
    tags: npt.NDArray[np.uint16],
    weights: npt.NDArray[np.int8],
    scales: npt.NDArray[np.float64],
) -> Packed:
    """Return the arrays of a model with one row of weights for each feature."""
    rows = np.zeros((1 << BUCKET_BITS, 16), np.uint8)
    rows[buckets, :COLUMNS] = (weights.astype(np.int16) + BIAS).astype(np.uint8)
    rows[buckets, 14:] = tags.astype("<u2").view(np.uint8).reshape(-1, 2)
    return Packed(
        rows.view("<u8").astype(np.uint64),
        scales.astype(np.float64),
        np.array(BITS, np.int64),
        np.zeros(0, np.int32),
    )


def room_for(packed: Packed) -> Packed:
    """Return the same model with fresh room; turns count from 1."""
    return packed._replace(seen=np.zeros(len(packed.table), np.int32))


@kernel
def score(masked: Words, n: Whole, model: Packed, turn: Whole, out: Sums, row: Whole) -> None:
    """Add the weights of each known feature of n masked words to a row of sums, each feature once per turn.

    Call it for the system prompt and for the last user message with the same `turn`, which must differ from
    exchange to exchange. `out` has COLUMNS + 1 columns, zeroed by the caller.
    """
    zero = np.uint64(0)
    sums = (zero, zero, zero, zero, zero)
    before = zero
    for i in range(np.uint64(n)):
        word = masked[i, VALUE]
        sums = counted(model, np.uint64(word * WORD), np.int32(turn), sums)
        if i:
            sums = counted(model, np.uint64((before ^ word) * WORD), np.int32(turn), sums)
        before = np.uint64(word * PAIR)
        if i % STEPS == STEPS - 1:
            empty(out, row, sums)
            sums = (zero, zero, zero, zero, zero)
    empty(out, row, sums)


@inlined
def counted(model: Packed, feature: np.uint64, now: np.int32, sums: Lanes) -> Lanes:
    """Return the lanes with a feature's weights added, if it is known and not counted yet."""
    a, b, c, d, count = sums
    place = feature >> SHIFT
    low, high = model.table[place, 0], model.table[place, 1]
    last = model.seen[place]
    # Masks instead of branches: the processor cannot predict whether a word is known.
    is_it = np.uint64((high >> np.uint64(48)) == (((feature >> TAG_SHIFT) & LANE) | np.uint64(1)))
    new = is_it & np.uint64(last != now)
    model.seen[place] = last + np.int32(new) * (now - last)
    mask = np.uint64(np.uint64(0) - new)
    low &= mask
    high &= mask
    return (
        a + (low & EVEN),
        b + ((low >> np.uint64(8)) & EVEN),
        c + (high & EVEN_HIGH),
        d + ((high >> np.uint64(8)) & ODD_HIGH),
        count + new,
    )


@kernel
def empty(out: Sums, row: Whole, sums: Lanes) -> None:
    """Add the lanes to a row of sums: even columns, then odd ones, without the bias of the weights."""
    a, b, c, d, count = sums
    at = np.uint64(row)
    hits = np.int64(count)
    for column in range(COLUMNS):
        lanes = (b if column < 8 else d) if column & 1 else (a if column < 8 else c)
        out[at, np.uint64(column)] += (
            np.int64((lanes >> np.uint64(16 * ((column & 7) >> 1))) & LANE) - BIAS * hits
        )
    out[at, np.uint64(HITS)] += hits


@kernel
def told(model: Packed, out: Sums, row: Whole, cues: Whole) -> tuple[Whole, Whole]:
    """Return bits of schema.flags, and the probability of a harvest in thousandths, at even odds.

    A label's flag is set where a cue matches and the model's probability is at least CONFIRMED. Without a cue
    it is set where it reaches its threshold and, for harvests, the probability of a harvest of any kind is at
    least LIKELY and no cue is FRAMED. Reasoning that is told without a cue in such a frame is STEPS.
    """
    flags: Whole = np.int64(0)
    alone: Whole = np.int64(0)
    scale = 1.0 / math.sqrt(out[row, HITS] + DAMPING)
    logit = 0.0
    for column in range(COLUMNS):
        logit = model.scales[column, GAIN] * scale * out[row, column] + model.scales[column, BASE]
        bit = model.bits[column]
        alone |= bit * np.int64(logit >= model.scales[column, THRESHOLD])
        flags |= bit & cues & -np.int64(logit >= CONFIRMED)
    if cues & FRAMED:
        flags |= STEPS_FLAG * np.int64(alone & REASONED & ~flags != 0)
    flags |= alone if logit >= LIKELY and not cues & FRAMED else alone & ~HARVESTING
    return flags | (cues & CONTEXT), np.int64(round(1000.0 / (1.0 + math.exp(-logit))))
