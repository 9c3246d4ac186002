"""How many tokens an answer used, read while it passes. Nothing of it is held back, and little is kept."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any

from stillwatch.guard.bodies import NONE, SMALL, Raw, msgspec, small
from stillwatch.guard.decide import MOST_TOKENS

MOST_KEPT = 1 << 18
"""Bytes of one event, or of an answer that is no stream, that are kept to be parsed."""
TAIL = 8_192
"""Bytes kept of the end of a longer one: the counts stand near the end in every API."""
MARK = b'"usage"'
USAGE = re.compile(r'(?<!\\)"usage"\s*:\s*(?=\{)')
"""The name of a field. Inside a text its first quote would have a backslash before it."""
OLDER = ("prompt_tokens", "completion_tokens")
"""OpenAI's counts in chats and completions."""
NEWER = ("input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")
"""The counts of OpenAI's responses and of Anthropic, who tells the tokens of its cache beside the input."""
SAID_OF_IT = ("id", "type", "object", "model")
Document = dict[str, Any]


class Told(msgspec.Struct, gc=False):
    """The fields of an answer, or of one event of a stream, that are read."""

    usage: Raw = NONE
    message: Raw = NONE
    """Of Anthropic's message_start; in other answers something else."""
    response: Raw = NONE
    """Of the events of OpenAI's responses."""
    id: Raw = NONE
    type: Raw = NONE
    object: Raw = NONE
    model: Raw = NONE


class AnswerUsage:
    """Reads the pieces of one answer as they pass."""

    __slots__ = ("_cut", "_kept", "_said", "_stream", "_usage", "events")

    def __init__(self, *, stream: bool) -> None:
        """stream: whether it is a stream of events (text/event-stream)."""
        self._stream = stream
        self._kept = bytearray()
        self._cut = False
        self._usage: Document = {}
        self._said: Document = {}
        self.events = 0
        """Events of a stream so far."""

    def feed(self, piece: bytes) -> None:
        """Look at a piece. Never raises for what it holds."""
        if not self._stream:
            self._keep(piece)
            return
        end = piece.rfind(b"\n")
        if end < 0:
            self._keep(piece)
            return
        lines = bytes(self._kept) + piece[:end] if self._kept else piece[:end]
        cut, self._cut = self._cut, False
        self._kept.clear()
        if end + 1 < len(piece):
            self._keep(piece[end + 1 :])
        self.events += lines.count(b"\ndata:") + lines.startswith(b"data:")
        if MARK in lines:
            for line in lines.split(b"\n"):
                if MARK in line:
                    self._take(line.removeprefix(b"data:"), cut)

    def document(self) -> Document:
        """The answer as the log of exchanges keeps it: its counts, id and model."""
        if self._kept and MARK in self._kept:
            self._take(bytes(self._kept).removeprefix(b"data:"), self._cut)
            self._kept.clear()
        return {**self._said, "usage": dict(self._usage)} if self._usage else dict(self._said)

    def tokens(self) -> int | None:
        """The tokens of request and answer; None where the answer has not told them."""
        usage = self.document().get("usage", {})
        names = OLDER if any(name in usage for name in OLDER) else NEWER
        known = [usage[name] for name in names if type(usage.get(name)) is int]
        return min(sum(max(count, 0) for count in known), MOST_TOKENS) if known else None

    def _keep(self, piece: bytes) -> None:
        self._kept += piece
        if len(self._kept) > MOST_KEPT:
            self._cut = True
        if self._cut and len(self._kept) > 2 * TAIL:
            del self._kept[:-TAIL]

    def _take(self, line: bytes, cut: bool) -> None:
        told = None if cut else _decoded(line)
        if told is None:
            self._usage |= _from_tail(line)
            return
        self._add(told)
        for inner in (told.message, told.response):
            if len(inner) and (within := _decoded(bytes(inner))) is not None:
                self._add(within)

    def _add(self, told: Told) -> None:
        usage = small(told.usage)
        if isinstance(usage, dict):
            self._usage |= {name: value for name, value in usage.items() if value is not None}
        for name in SAID_OF_IT:
            value = small(getattr(told, name))
            if isinstance(value, str):
                self._said.setdefault(name, value)


@cache
def _decoder() -> msgspec.json.Decoder[Told]:
    return msgspec.json.Decoder(Told)


def _decoded(data: bytes) -> Told | None:
    try:
        return _decoder().decode(data)
    except (msgspec.MsgspecError, RecursionError, ValueError):
        return None


def _from_tail(data: bytes) -> Document:
    """The last counts in the end of a document."""
    text = data[-TAIL:].decode("utf-8", "replace")
    for found in reversed(list(USAGE.finditer(text))):
        try:
            value, end = json.JSONDecoder().raw_decode(text, found.end())
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict) and end - found.end() <= SMALL:
            return value
    return {}
