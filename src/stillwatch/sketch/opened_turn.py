"""Requests that ask nothing: an empty user turn, or a chat template's prefix that only opens one.

Models trained on chats then write what a user would ask (Magpie: Xu, Jiang, Niu, Deng, Poovendran, Choi and
Lin 2024), so that the answer is an instruction, or an instruction and its answer. Health checks and empty
pings look the same but for their answers, which are short: "your message seems to be empty".
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stillwatch.schema.keyed import Int64s
from stillwatch.sketch.rows import ASSISTANT, SYSTEM, TOOL, Texts

LONG = 200
"""Characters from which an answer to an empty message is long.

What a model says to one is shorter ("your message seems to be empty", 150 characters in its longest forms).
"""
LONG_IF_OPENED = 40
"""The same where a template's own signs open the turn, which no ping and no health check writes.

It is more than a greeting; most instructions are shorter than LONG.
"""
CHARACTERS_A_TOKEN = 4
"""Characters that stand for a token where an answer's text is not known; reasoning is left out."""
SHORT_BYTES = 80
"""A message that asks nothing is no longer than this, but for a system prompt that is written into it."""
TAIL_BYTES = 64
"""So many bytes at the end of a longer message are searched for an opened turn."""
SYSTEM_BYTES = 800
"""With a longer system prompt an empty turn is no opening: programs that write all they want into the system
prompt leave the user's turn empty. What tells an assistant how to be is shorter."""
OPENERS = frozenset(
    b"user human customer client person visitor student speaker asker member someone people "
    b"q question query instruction instructions input prompt task request message messages turn conversation "
    b"chat dialogue start begin beginning new next first the a an of from by to in for "
    b"writes says asks wrote said asked types sends "
    b"system assistant ai bot model header id im inst sys bos eos s end endoftext startoftext text sentence "
    b"eot eom sep".split()
)
"""Words of which the opening of a turn is made."""
WORDS = re.compile(rb"[a-z\x80-\xff]+|\d+")
MARKED = re.compile(rb"[<>\[\]#|*]|:\s*\Z")
"""Signs that a text is an opening and not a word that somebody typed."""
FIRST, LAST = frozenset(b"<[#|* \n\t"), frozenset(b">]:|* \n\t")
"""Bytes with which a short opening begins or ends: what has neither is not looked at."""
OPENED = re.compile(
    rb"(?:<\|im_start\|>\s*user|<\|start_header_id\|>\s*user\s*<\|end_header_id\|>|<start_of_turn>\s*user"
    rb"|<\|im_user\|>(?:\s*user)?(?:<\|im_middle\|>)?|<\|user\|>|<\|user_start\|>|\[INST\]"
    rb"|(?:\A|\s|>)(?:###\s?)?(?:USER|User|Human|HUMAN|Instruction)\s?:)\s*\Z"
)
"""A user's turn that is opened at the very end and left empty."""
SIGNS = re.compile(rb"<|\[INST")
"""A template's own signs in an opened turn."""
NEVER = 1 << 62
ENDS = frozenset(b">]:r \n\t")
"""Last bytes of an opened turn."""
PLAIN = {ord("\u2581"): " ", ord("\uff5c"): "|"}
"""Signs in tokens of chat templates, the lower block and the wide bar, and what they stand for."""


def long_from(message: str) -> int:
    """Return the characters from which an answer to a user message is long, or NEVER if the message asks.

    A message that does not ask is empty or only opens a user's turn.
    """
    text = message.translate(PLAIN).encode("utf-8", "replace")
    opened = OPENED.search(text[-TAIL_BYTES:])
    if opened is not None and SIGNS.search(opened[0]):
        return LONG_IF_OPENED
    words = WORDS.findall(text.lower()) if len(text) <= SHORT_BYTES else [text]
    empty = all(word in OPENERS or word.isdigit() for word in words) and (not words or MARKED.search(text))
    return LONG if empty or opened else NEVER


def self_elicited(texts: Texts, last_user: Int64s, answered: Int64s) -> npt.NDArray[np.bool_]:
    """Return which requests ask nothing and get a long answer. Shape (rows,).

    last_user: by row the message that was sketched, or -1. answered: the answer's characters. A request with
    a tool's message asks for something. An empty turn after an answer asks to go on, and is none; a
    template's prefix that holds the whole conversation is.
    """
    found = np.zeros(len(last_user), np.bool_)
    rows = np.flatnonzero((answered >= LONG_IF_OPENED) & (last_user >= 0))
    if not len(rows):
        return found
    spans = texts.spans[last_user[rows]]
    size = spans[:, 1] - spans[:, 0]
    data = texts.data if len(texts.data) else np.zeros(1, np.uint8)
    first, last = (data[np.clip(at, 0, len(data) - 1)] for at in (spans[:, 0], spans[:, 1] - 1))
    short = (size <= SHORT_BYTES) & ((size == 0) | _OF_FIRST[first] | _OF_LAST[last])
    for place in np.flatnonzero(short | ((size > SHORT_BYTES) & _OF_ENDS[last])):
        row, (start, stop) = rows[place], spans[place]
        begin, end = texts.rows[row]
        roles, sizes = texts.roles[begin:end], np.diff(texts.spans[begin:end], axis=1)[:, 0]
        if not np.isin(roles, (TOOL, ASSISTANT)).any() and sizes[roles == SYSTEM].sum() <= SYSTEM_BYTES:
            message = data[max(start, stop - 2 * TAIL_BYTES) : stop].tobytes() if stop > start else b""
            found[row] = answered[row] >= long_from(message.decode("utf-8", "replace"))
    return found


def answered(characters: int | None, tokens: int | None, reasoning: int | None) -> int:
    """Return the characters of an answer, by its tokens without reasoning where its text is not known."""
    return ((tokens or 0) - (reasoning or 0)) * CHARACTERS_A_TOKEN if characters is None else characters


def answers_of(batch: pa.RecordBatch, characters: Any) -> Int64s:
    """Return the characters of each answer of a batch, as `answered` does. Shape (rows,).

    characters: those of the answers' texts, null where the log held none.
    """
    known = np.asarray(characters.is_valid())
    written, thought = (
        np.asarray(batch.column(name).fill_null(0)).astype(np.int64)
        for name in ("output_tokens", "reasoning_tokens")
    )
    by_text = np.asarray(characters.fill_null(0)).astype(np.int64)
    return np.asarray(np.where(known, by_text, (written - thought) * CHARACTERS_A_TOKEN))


def _table(values: frozenset[int]) -> npt.NDArray[np.bool_]:
    table = np.zeros(256, np.bool_)
    table[list(values)] = True
    return table


_OF_FIRST, _OF_LAST, _OF_ENDS = _table(FIRST), _table(LAST), _table(ENDS)
