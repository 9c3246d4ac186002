"""What a conversation continues and what it leaves behind: keys of the whole history, compiled."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stillwatch.schema.keyed import HashKey, Int64s, keys_of, siphash_word
from stillwatch.sketch.kernel import kernel
from stillwatch.sketch.rows import ASSISTANT, SYSTEM, Texts
from stillwatch.sketch.spans import Bytes, Whole

Bools = npt.NDArray[np.bool_]
Secrets = npt.NDArray[np.uint64]
State = tuple[np.uint64, np.uint64, np.int64]
"""Hash of the bytes so far, the bytes that do not fill a block yet, and the number of bytes in the run."""

CONTINUES, LEAVES = range(2)
START, FIRST, SECOND, THIRD, K0, K1 = range(6)
"""Places in the secrets: the start of a hash, three odd factors, and the key that seals it."""
THINK, THOUGHT = b"<think>", b"</think>"
"""Tags that open models write around reasoning; most clients remove it from the history they send back."""
_LINE = np.uint64(0x0A)


def chain_keys(texts: Texts, known_answers: Bools, key: HashKey) -> dict[str, pa.Array[Any]]:
    """Return columns `continues` and `leaves` of EXCHANGES.

    Request B continues what request A left if and only if B.continues == A.leaves. The user's words and tool
    results are one side, the model's the other. Messages of one side in a row are one text, so that it does
    not matter how an API cuts them up. Spaces at both ends of a message do not count, nor does the system
    prompt.
    """
    out = np.zeros((len(texts.rows), 2), np.int64)
    known = np.zeros((len(texts.rows), 2), np.bool_)
    chain_rows(texts, np.ascontiguousarray(known_answers), secrets_of(key), out, known)
    return {
        name: pa.array(out[:, place], mask=~known[:, place])
        for place, name in ((CONTINUES, "continues"), (LEAVES, "leaves"))
    }


def signature_keys(column: Any, key: HashKey) -> Any:
    """Return the keys of a list column of reasoning signatures.

    Those sent back and those in answers are of one kind, so that they can be joined.
    """
    keys = keys_of(column.flatten(), key, "signature")
    lengths = np.where(np.asarray(column.is_valid()), np.asarray(column.value_lengths().fill_null(0)), 0)
    offsets: Any = pa.array(np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32))
    lists: Any = pa.ListArray
    return lists.from_arrays(offsets, keys, mask=column.is_null())


def secrets_of(key: HashKey) -> Secrets:
    """Return the start of a hash, three odd factors, and the key that seals it, from a run's key."""
    k0, k1 = key.halves("chain")
    drawn = [int(siphash_word(np.uint64(place), k0, k1)) for place in range(THIRD + 1)]
    # Odd factors lose nothing: two histories that differ in one block can never have equal hashes right after
    # it.
    return np.array([drawn[START], *(value | 1 for value in drawn[FIRST:]), k0, k1], np.uint64)


@kernel
def stir(value: np.uint64, block: np.uint64, secrets: Secrets) -> np.uint64:
    """Return the hash with eight more bytes.

    The block is spread before it is mixed in, outside the chain of steps that must wait (as MurmurHash3
    does).
    """
    spread = np.uint64(block * secrets[FIRST])
    spread = np.uint64(((spread << np.uint64(31)) | (spread >> np.uint64(33))) * secrets[SECOND])
    value ^= spread
    value = np.uint64((value << np.uint64(27)) | (value >> np.uint64(37)))
    return np.uint64(value * secrets[THIRD] + secrets[START])


@kernel
def block_at(data: Bytes, at: Whole) -> np.uint64:
    """Return eight bytes, little-endian."""
    low = np.uint64(at)  # a signed place might count from the end, and the eight bytes would not be one load
    block = np.uint64(0)
    for j in range(8):
        block |= np.uint64(data[low + np.uint64(j)]) << np.uint64(8 * j)
    return block


@kernel
def absorb(data: Bytes, start: Whole, stop: Whole, state: State, secrets: Secrets) -> State:
    """Return the state with a text appended; how a run is cut into texts makes no difference."""
    value, pending, count = state
    filled = np.int64(count & 7)
    high, low = np.uint64(8 * filled), np.uint64((64 - 8 * filled) & 63)
    at = start
    if filled == 0:
        while at + 8 <= stop:
            value = stir(value, block_at(data, at), secrets)
            at += 8
    while at + 8 <= stop:
        block = block_at(data, at)
        value = stir(value, pending | (block << high), secrets)
        pending = np.uint64(block >> low)
        at += 8
    block = np.uint64(0)
    for j in range(stop - at):
        block |= np.uint64(data[at + j]) << np.uint64(8 * j)
    pending |= np.uint64(block << high)
    if filled + stop - at >= 8:
        value = stir(value, pending, secrets)
        pending = np.uint64(block >> low)
    return value, pending, np.int64(count + stop - start)


@kernel
def absorb_line(state: State, secrets: Secrets) -> State:
    """Return the state with a line end appended."""
    value, pending, count = state
    pending |= np.uint64(_LINE << np.uint64(8 * (count & 7)))
    if count & 7 == 7:
        value = stir(value, pending, secrets)
        pending = np.uint64(0)
    return value, pending, np.int64(count + 1)


@kernel
def closed(state: State, side: Whole, secrets: Secrets) -> State:
    """Return the state after a run has ended; an empty run changes nothing."""
    value, pending, count = state
    if count == 0:
        return state
    value = stir(stir(value, pending, secrets), np.uint64(2 * count + side), secrets)
    return value, np.uint64(0), np.int64(0)


@kernel
def bare(data: Bytes, start: Whole, stop: Whole, model: bool) -> tuple[Whole, Whole]:
    """A text without spaces at its ends and, if the model speaks, without reasoning at its beginning."""
    while start < stop and data[start] <= 0x20:
        start += 1
    while stop > start and data[stop - 1] <= 0x20:
        stop -= 1
    if model and stop - start > len(THINK) and _stands(data, start, THINK):
        at = start + len(THINK)
        while at + len(THOUGHT) <= stop and not _stands(data, at, THOUGHT):
            at += 1
        start = min(stop, at + len(THOUGHT))
        while start < stop and data[start] <= 0x20:
            start += 1
    return start, stop


@kernel
def _stands(data: Bytes, at: Whole, word: bytes) -> bool:
    j = 0
    while j < len(word) and data[at + j] == word[j]:
        j += 1
    return j == len(word)


@kernel
def chain_rows(texts: Texts, answered: Bools, secrets: Secrets, out: Int64s, known: Bools) -> None:
    """Write both keys of every row, and which of them are known."""
    for row in range(len(texts.rows)):
        state = (secrets[START], np.uint64(0), np.int64(0))
        side: Whole = np.int64(0)
        spoken = False
        for m in range(texts.rows[row, 0], texts.rows[row, 1]):
            if texts.roles[m] == SYSTEM:
                continue
            now = np.int64(texts.roles[m] == ASSISTANT)
            start, stop = bare(texts.data, texts.spans[m, 0], texts.spans[m, 1], now == 1)
            if start == stop:
                continue
            if now != side:
                state = closed(state, side, secrets)
                if side == 1:
                    out[row, CONTINUES] = np.int64(siphash_word(state[0], secrets[K0], secrets[K1]))
                    known[row, CONTINUES] = True
                side = now
            elif state[2] > 0:
                state = absorb_line(state, secrets)
            state = absorb(texts.data, start, stop, state, secrets)
            spoken = True
        start, stop = texts.answer_spans[row, 0], texts.answer_spans[row, 1]
        first, last = bare(texts.answers, start, stop, True)
        if not (spoken and answered[row]) or first == last:
            continue
        if side == 1:
            # The request began the answer itself: the client will send both joined as they are.
            state = absorb(texts.answers, start, last, state, secrets)
        else:
            state = absorb(texts.answers, first, last, closed(state, side, secrets), secrets)
        state = closed(state, np.int64(1), secrets)
        out[row, LEAVES] = np.int64(siphash_word(state[0], secrets[K0], secrets[K1]))
        known[row, LEAVES] = True
