"""Events of Bedrock's ConverseStream to one response."""

from __future__ import annotations

from typing import Any

import orjson

from stillwatch.ingest.streams.events import Events
from stillwatch.ingest.values import Row, mapping_of

NAMES = frozenset(
    ("messageStart", "contentBlockStart", "contentBlockDelta", "contentBlockStop", "messageStop")
)


def converse(events: Events) -> Row:
    """Return the response as Converse would have sent it."""
    made: Row = {}
    blocks: dict[str, Row] = {}
    for event in events:
        for name, value in event.items():
            given = mapping_of(value)
            at = str(given.get("contentBlockIndex", 0))
            if name == "contentBlockStart":
                blocks[at] = {kind: dict(mapping_of(v)) for kind, v in mapping_of(given.get("start")).items()}
            elif name == "contentBlockDelta":
                _add(blocks.setdefault(at, {}), mapping_of(given.get("delta")))
            elif name == "messageStop":
                made["stopReason"] = given.get("stopReason")
            elif name == "metadata" and given.get("usage"):
                made["usage"] = given["usage"]
    for block in blocks.values():
        call = block.get("toolUse")
        if type(call) is dict and type(call.get("input")) is str:
            call["input"] = _arguments(call["input"])
    made["output"] = {"message": {"role": "assistant", "content": list(blocks.values())}}
    return made


def _add(block: Row, delta: Row) -> None:
    if type(delta.get("text")) is str:
        block["text"] = block.get("text", "") + delta["text"]
    piece = mapping_of(delta.get("toolUse")).get("input")
    if type(piece) is str:
        call = block.setdefault("toolUse", {})
        call["input"] = call.get("input", "") + piece
    thought = mapping_of(delta.get("reasoningContent"))
    if thought:
        held = block.setdefault("reasoningContent", {})
        if "redactedContent" in thought:
            held["redactedContent"] = thought["redactedContent"]
        for name in ("text", "signature"):
            if type(thought.get(name)) is str:
                said = held.setdefault("reasoningText", {})
                said[name] = said.get(name, "") + thought[name]


def _arguments(written: str) -> Any:
    try:
        return orjson.loads(written)
    except orjson.JSONDecodeError:
        return written
