"""Takes the reasoning out of answers, in each dialect and also while they stream; summaries stay."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from typing import Any

import orjson

FIELDS = ("reasoning_content", "reasoning", "thinking_blocks", "reasoning_items")
"""Where chat completions carry reasoning, in a message and in a delta."""
DROPPED = ("response.reasoning_text.delta", "response.reasoning_text.done")
"""Events of the Responses API that carry reasoning and no summary."""
BREAKS = (b"\r\n\r\n", b"\n\n")
"""What ends an event of a stream."""


def without_reasoning(answer: Any) -> Any:
    """Return a whole answer without its reasoning; it is changed in place."""
    for choice in _list(_of(answer, "choices")):
        _emptied(_of(choice, "message"))
    for block in _list(_of(answer, "content")):
        _blanked(block)
    for item in _list(_of(answer, "output")):
        if _of(item, "type") == "reasoning" and _of(item, "content"):
            _set(item, "content", [])
    return answer


class ReasoningFilter:
    """Takes the reasoning out of the pieces of one streamed answer, as they come."""

    def __init__(self) -> None:
        self._rest = b""

    def pieces(self, piece: Any) -> Iterator[Any]:
        """Return what goes to the client for a piece: nothing, itself, or what it leaves."""
        if isinstance(piece, str):
            yield from (data.decode("utf-8", "replace") for data in self._events(piece.encode()))
        elif isinstance(piece, bytes):
            yield from self._events(piece)
        elif isinstance(piece, Mapping):
            yield from _kept(dict(piece))
        else:
            yield from _object(piece)

    def end(self) -> bytes:
        """Return what is left of an event that nobody ended."""
        rest, self._rest = self._rest, b""
        return rest

    def _events(self, data: bytes) -> Iterator[bytes]:
        """Whole events at once; half of one waits for its other half."""
        self._rest += data
        while True:
            ends = [(at, len(mark)) for mark in BREAKS if (at := self._rest.find(mark)) >= 0]
            if not ends:
                return
            at, length = min(ends)
            event, self._rest = self._rest[: at + length], self._rest[at + length :]
            yield from _event(event)


def _event(event: bytes) -> Iterator[bytes]:
    """One event as it was sent, or as it is without reasoning, or none."""
    lines = event.splitlines()
    data = b"".join(line[5:].strip() for line in lines if line.startswith(b"data:"))
    if b"reasoning" not in data and b"thinking" not in data:
        yield event
        return
    try:
        found = orjson.loads(data)
    except orjson.JSONDecodeError:
        yield event
        return
    for kept in _kept(found) if isinstance(found, dict) else [found]:
        others = [line for line in lines if line and not line.startswith(b"data:")]
        yield b"\n".join([*others, b"data: " + orjson.dumps(kept)]) + b"\n\n"


def _kept(event: dict[str, Any]) -> Iterator[dict[str, Any]]:
    kind, delta = event.get("type"), event.get("delta")
    if kind in DROPPED or (isinstance(delta, Mapping) and delta.get("type") == "thinking_delta"):
        return
    if isinstance(event.get("content_block"), MutableMapping):
        _blanked(event["content_block"])
    if isinstance(event.get("response"), MutableMapping):
        without_reasoning(event["response"])
    if isinstance(event.get("item"), MutableMapping):
        without_reasoning({"output": [event["item"]]})
    for choice in _list(event.get("choices")):
        _emptied(_of(choice, "delta"))
    yield event


def _object(piece: Any) -> Iterator[Any]:
    """A piece that LiteLLM holds as an object."""
    kind = str(getattr(_of(piece, "type"), "value", _of(piece, "type")))
    if kind in DROPPED:
        return
    for choice in _list(_of(piece, "choices")):
        _emptied(_of(choice, "delta"))
    for name in ("response", "item"):
        if (inner := _of(piece, name)) is not None:
            without_reasoning(inner if name == "response" else {"output": [inner]})
    yield piece


def _emptied(message: Any) -> None:
    """Take reasoning from a message or a delta of a chat completion."""
    for name in FIELDS:
        if _of(message, name) is not None:
            _set(message, name, None)
    beside = _of(message, "provider_specific_fields")
    if isinstance(beside, MutableMapping):
        for name in FIELDS:
            beside.pop(name, None)


def _blanked(block: Any) -> None:
    """Take the words of a block of thinking; its signature stays, since the next request must carry it."""
    if _of(block, "type") == "thinking" and _of(block, "thinking"):
        _set(block, "thinking", "")


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _of(holder: Any, name: str) -> Any:
    return holder.get(name) if isinstance(holder, Mapping) else getattr(holder, name, None)


def _set(holder: Any, name: str, value: Any) -> None:
    if isinstance(holder, MutableMapping):
        holder[name] = value
    else:
        setattr(holder, name, value)
