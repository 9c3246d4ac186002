"""Events of Anthropic's Messages API to one message."""

from __future__ import annotations

from typing import Any

import orjson

from stillwatch.ingest.streams.events import Events
from stillwatch.ingest.values import Row

PIECES = {
    "text_delta": "text",
    "thinking_delta": "thinking",
    "signature_delta": "signature",
    "input_json_delta": "partial_json",
}
"""Kinds of delta and the field that holds the piece."""


def anthropic(events: Events) -> Row:
    """Return the message. The counts of `message_delta` replace those of `message_start`."""
    made: Row = {"type": "message", "role": "assistant"}
    usage: Row = {}
    blocks: dict[Any, Row] = {}
    for event in events:
        kind = event.get("type")
        if kind == "message_start" and type(event.get("message")) is dict:
            made.update(event["message"])
            usage.update(_counted(made.get("usage")))
        elif kind == "content_block_start" and type(event.get("content_block")) is dict:
            blocks[str(event.get("index"))] = dict(event["content_block"])
        elif kind == "content_block_delta" and type(event.get("delta")) is dict:
            _add(blocks.setdefault(str(event.get("index")), {}), event["delta"])
        elif kind == "message_delta":
            if type(event.get("delta")) is dict:
                made.update({name: value for name, value in event["delta"].items() if value is not None})
            usage.update(_counted(event.get("usage")))
        elif kind == "error":
            made["error"] = event.get("error")
    made["content"] = [_done(block) for block in blocks.values()]
    if usage:
        made["usage"] = usage
    return made


def _counted(usage: Any) -> Row:
    return {name: n for name, n in usage.items() if n is not None} if type(usage) is dict else {}


def _add(block: Row, delta: Row) -> None:
    name = PIECES.get(str(delta.get("type")))
    piece = delta.get(name) if name else None
    if name is None or type(piece) is not str:
        return
    block.setdefault(
        "type", {"thinking": "thinking", "signature": "thinking", "text": "text"}.get(name, "tool_use")
    )
    known = block.get(name)
    block[name] = (known if type(known) is str else "") + piece


def _done(block: Row) -> Row:
    """Return a block with its tool's arguments as they are in a whole message."""
    written = block.pop("partial_json", None)
    if written:
        try:
            block["input"] = orjson.loads(written)
        except orjson.JSONDecodeError:
            block["input"] = written
    return block
