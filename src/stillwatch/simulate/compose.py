"""Compiled kernels that turn seeds into text.

The same seed gives the same words, so a conversation can be written again at each turn.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numba
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stillwatch.simulate.grammar import Grammar, Ints

Bytes = npt.NDArray[np.uint8]
Seeds = npt.NDArray[np.uint64]
Books = tuple[Bytes, Ints, Ints, Ints, Ints, npt.NDArray[np.bool_]]
DEPTH = 24
ROLES = (b'{"role":"user","content":"', b'{"role":"tool","content":"')
SYSTEM = b'{"role":"system","content":"'
ANSWERED = b'"},{"role":"assistant","content":"'
NEXT = b'"},'
HEX = np.frombuffer(b"0123456789abcdef", np.uint8)
THINKS = b'","thinking_blocks":[{"type":"thinking","thinking":"'
SIGNS = b'","signature":"'
SIGNED = b'"}]'
SEAL = b"ErUB"
SEAL_WORDS = 3
REPLY = (
    b'{"object":"chat.completion","choices":[{"index":0,"finish_reason":"stop","message":{"role":"assistant","content":"',
    b'"}}]}',
)


@dataclass(frozen=True)
class Words:
    """What each exchange says, as symbols and seeds; rows of one conversation are in turn order."""

    turn: Ints
    """0 for the first message of a conversation; the earlier turns are the rows before."""
    role: Ints
    """0: a user speaks; 1: a tool's result."""
    system: Ints
    """Symbol of the system prompt, or -1."""
    system_seed: Seeds
    """Its seed."""
    head: Ints
    """Symbol of the fixed part of the message, or -1."""
    head_seed: Seeds
    """Its seed."""
    body: Ints
    """Symbol of the rest of the message."""
    body_seed: Seeds
    """Its seed."""
    answer: Ints
    """Symbol of the answer; where none was given, that of a retry's answer, for the turns after it."""
    answer_seed: Seeds
    """Its seed."""
    wording: Seeds
    """Seed of the wording of paraphrased frames; a conversation's first row words its system prompt."""
    signature: Seeds
    """Seed of the signature on the answer's reasoning; 0: it has none."""
    opening: Ints
    """For a conversation's first row: the row whose conversation up to its answer it sends first, or -1.

    Rows that only open others may follow those that are exchanges.
    """


def messages(words: Words, order: Ints, grammar: Grammar) -> pa.Array[Any]:
    """Return the chat messages of rows `order`, each a JSON list in the OpenAI chat format."""
    return _strings(
        *_all_messages(
            order, _columns(words), _glue(), _marks(), grammar.number("thought"), grammar.arrays(), True
        )
    )


def lengths(words: Words, order: Ints, grammar: Grammar) -> Ints:
    """Return the number of bytes that `messages` would give each row."""
    return np.asarray(
        np.diff(
            _all_messages(
                order, _columns(words), _glue(), _marks(), grammar.number("thought"), grammar.arrays(), False
            )[1]
        )
    )


def _columns(words: Words) -> tuple[Ints | Seeds, ...]:
    return tuple(getattr(words, field.name) for field in fields(Words))


def _glue() -> tuple[Bytes, ...]:
    return tuple(np.frombuffer(text, np.uint8) for text in (SYSTEM, *ROLES, ANSWERED, NEXT))


def _marks() -> tuple[Bytes, ...]:
    return tuple(np.frombuffer(text, np.uint8) for text in (THINKS, SIGNS, SIGNED, SEAL, HEX.tobytes()))


def replies(words: Words, given: Any, order: Ints, grammar: Grammar) -> pa.Array[Any]:
    """Return the chat completions of rows `order` as JSON; an empty text if no answer was `given`."""
    before, after = (np.frombuffer(text, np.uint8) for text in REPLY)
    said = np.where(given, words.answer[: len(given)], -1)
    thought = grammar.number("thought")
    return _strings(
        *_all_replies(
            order,
            said,
            words.answer_seed,
            before,
            after,
            grammar.arrays(),
            words.wording,
            words.signature,
            thought,
            _marks(),
        )
    )


def texts(symbols: Ints, seeds: Seeds, grammar: Grammar, wording: Seeds | None = None) -> pa.Array[Any]:
    """Return one expanded text for each symbol and seed, escaped for JSON.

    It is worded by the same seeds unless others are given.
    """
    nothing, unsigned = np.zeros(0, np.uint8), np.zeros(len(symbols), np.uint64)
    worded = seeds if wording is None else wording
    return _strings(
        *_all_replies(
            np.arange(len(symbols)),
            symbols,
            seeds,
            nothing,
            nothing,
            grammar.arrays(),
            worded,
            unsigned,
            np.int64(-1),
            _marks(),
        )
    )


def hexadecimal(prefix: str, numbers: Seeds) -> pa.Array[Any]:
    """Make ids: the prefix and 16 hexadecimal digits."""
    data = _all_hex(np.frombuffer(prefix.encode(), np.uint8), numbers, HEX)
    width = len(prefix) + 16
    offsets = np.arange(0, (len(numbers) + 1) * width, width, dtype=np.int64)
    return _strings(data, offsets)


def take(texts: Any, numbers: Any) -> pa.Array[Any]:
    """Return the text of each number, from an Arrow array or a list."""
    values: Any = texts if isinstance(texts, pa.Array) else pa.array(texts, pa.string())
    taken: pa.Array[Any] = values.take(pa.array(numbers))
    return taken


def _strings(data: Bytes, offsets: Ints) -> pa.Array[Any]:
    return pa.StringArray.from_buffers(
        len(offsets) - 1, pa.py_buffer(offsets.astype(np.int32).data), pa.py_buffer(data.data)
    )


@numba.njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _next(state: np.uint64) -> np.uint64:
    return np.uint64(state + np.uint64(0x9E3779B97F4A7C15))


@numba.njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _draw(state: np.uint64, size: int) -> np.int64:
    x = np.uint64((state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9))
    x = np.uint64((x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB))
    return np.int64(np.uint64(x ^ (x >> np.uint64(31))) % np.uint64(size))


@numba.njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _copy(out: Bytes, at: int, piece: Bytes, write: bool) -> int:
    if write:
        out[at : at + len(piece)] = piece
    return at + len(piece)


@numba.njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _expand(
    out: Bytes,
    at: int,
    symbol: int,
    seed: np.uint64,
    wording: np.uint64,
    write: bool,
    books: Books,
    stack: Ints,
) -> int:
    """Write (or only measure) one expansion.

    `stack` holds pairs of next and last step of the alternatives that are being written.
    """
    if symbol < 0:
        return at
    data, literals, ops, alternatives, choices, worded = books
    state, style = _next(seed), np.uint64(wording ^ symbol)
    chosen = choices[symbol] + _draw(state, choices[symbol + 1] - choices[symbol])
    stack[0], stack[1], top = alternatives[chosen], alternatives[chosen + 1], 0
    while top >= 0:
        step = stack[top]
        if step == stack[top + 1]:
            top -= 2
            continue
        stack[top] = step + 1
        op = ops[step]
        if op >= 0:
            at = _copy(out, at, data[literals[op] : literals[op + 1]], write)
        else:
            inner = -1 - op
            if worded[inner]:
                style = _next(style)
                chosen = choices[inner] + _draw(style, choices[inner + 1] - choices[inner])
            else:
                state = _next(state)
                chosen = choices[inner] + _draw(state, choices[inner + 1] - choices[inner])
            top += 2
            stack[top], stack[top + 1] = alternatives[chosen], alternatives[chosen + 1]
    return at


@numba.njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _sign(
    out: Bytes,
    at: int,
    signature: np.uint64,
    thought: int,
    marks: Any,
    write: bool,
    books: Books,
    stack: Ints,
) -> int:
    """Write the reasoning block of an answer after its text: a summary, and the signature of the whole."""
    thinks, signs, signed, seal, digits = marks
    at = _copy(out, at, thinks, write)
    at = _expand(out, at, thought, signature, signature, write, books, stack)
    at = _copy(out, at, signs, write)
    at = _copy(out, at, seal, write)
    state = signature
    for _ in range(SEAL_WORDS):
        state = _next(state)
        for _ in range(16):
            if write:
                out[at] = digits[_draw(state, 16)]
            state, at = _next(state), at + 1
    end: int = _copy(out, at, signed, write)
    return end


@numba.njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _turn(
    out: Bytes,
    at: int,
    j: int,
    answers: bool,
    write: bool,
    columns: Any,
    glue: Any,
    marks: Any,
    thought: int,
    books: Books,
    stack: Ints,
) -> int:
    """What the user or a tool says in one row and, if it `answers`, what the model did."""
    _, role, _, _, head, head_seed, body, body_seed, answer, answer_seed, wording, signature, _ = columns
    _, user, tool, answered, following = glue
    at = _copy(out, at, tool if role[j] == 1 else user, write)
    at = _expand(out, at, head[j], head_seed[j], wording[j], write, books, stack)
    at = _expand(out, at, body[j], body_seed[j], wording[j], write, books, stack)
    if not answers:
        return at
    at = _copy(out, at, answered, write)
    at = _expand(out, at, answer[j], answer_seed[j], wording[j], write, books, stack)
    closed = 0
    if signature[j] != 0:
        at = _sign(out, at, signature[j], thought, marks, write, books, stack)
        closed = 1
    end: int = _copy(out, at, following[closed:], write)
    return end


@numba.njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _message_row(
    out: Bytes,
    at: int,
    row: int,
    write: bool,
    columns: Any,
    glue: Any,
    marks: Any,
    thought: int,
    books: Books,
    stack: Ints,
) -> int:
    turn, _, system, system_seed, _, _, _, _, _, _, wording, _, opening = columns
    opens, _, _, _, following = glue
    if write:
        out[at] = 91
    at, first = at + 1, row - turn[row]
    if system[row] >= 0:
        at = _copy(out, at, opens, write)
        at = _expand(out, at, system[row], system_seed[row], wording[first], write, books, stack)
        at = _copy(out, at, following, write)
    before = opening[first]
    if before >= 0:
        for j in range(before - turn[before], before + 1):
            at = _turn(out, at, j, True, write, columns, glue, marks, thought, books, stack)
    for j in range(first, row + 1):
        at = _turn(out, at, j, j < row, write, columns, glue, marks, thought, books, stack)
    if write:
        out[at], out[at + 1], out[at + 2] = 34, 125, 93
    return at + 3


@numba.njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _all_messages(
    order: Ints, columns: Any, glue: Any, marks: Any, thought: int, books: Books, write: bool
) -> tuple[Bytes, Ints]:
    stack = np.zeros(2 * DEPTH, np.int64)
    offsets = np.zeros(len(order) + 1, np.int64)
    nothing = np.zeros(0, np.uint8)
    for r in range(len(order)):
        offsets[r + 1] = _message_row(
            nothing, offsets[r], order[r], False, columns, glue, marks, thought, books, stack
        )
    out = np.empty(offsets[-1] if write else 0, np.uint8)
    for r in range(len(order) if write else 0):
        _message_row(out, offsets[r], order[r], True, columns, glue, marks, thought, books, stack)
    return out, offsets


@numba.njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _all_replies(
    order: Ints,
    answer: Ints,
    answer_seed: Seeds,
    before: Bytes,
    after: Bytes,
    books: Books,
    wording: Seeds,
    signature: Seeds,
    thought: int,
    marks: Any,
) -> tuple[Bytes, Ints]:
    stack = np.zeros(2 * DEPTH, np.int64)
    offsets = np.zeros(len(order) + 1, np.int64)
    out = np.zeros(0, np.uint8)
    for write in (False, True):
        if write:
            out = np.empty(offsets[-1], np.uint8)
        for r in range(len(order)):
            at, row = offsets[r], order[r]
            if answer[row] >= 0:
                at = _copy(out, at, before, write)
                at = _expand(out, at, answer[row], answer_seed[row], wording[row], write, books, stack)
                if signature[row] == 0:
                    at = _copy(out, at, after, write)
                else:
                    at = _sign(out, at, signature[row], thought, marks, write, books, stack)
                    at = _copy(out, at, after[1:], write)
            offsets[r + 1] = at
    return out, offsets


@numba.njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _all_hex(prefix: Bytes, numbers: Seeds, digits: Bytes) -> Bytes:
    width = len(prefix) + 16
    out = np.empty(len(numbers) * width, np.uint8)
    for r in range(len(numbers)):
        at = r * width
        out[at : at + len(prefix)] = prefix
        for i in range(16):
            out[at + len(prefix) + i] = digits[
                np.int64((numbers[r] >> np.uint64(4 * (15 - i))) & np.uint64(15))
            ]
    return out
