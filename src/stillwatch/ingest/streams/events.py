"""A stream as it was logged to its events."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any

import orjson

from stillwatch.ingest.values import Row

Events = list[Row]
STARTS = ("data:", "event:", "id:", "retry:", ":")
"""How lines of server-sent events begin."""
LINE = re.compile(r"\r\n|\n|\r")


def events_of(value: Any) -> Events | None:
    """Return the events of a stream; None for what is none."""
    if isinstance(value, list):
        return _listed(value)
    if not isinstance(value, str) or len(value) < 8:
        return None
    bare = value.lstrip("\ufeff\r\n ")
    if bare.startswith(STARTS):
        return _sent(bare)
    return _lines(bare) if bare.startswith("{") and "\n" in bare else None


def _listed(items: list[Any]) -> Events | None:
    if items and all(type(item) is str for item in items) and items[0].lstrip().startswith(STARTS):
        return _sent("\n".join(items))
    found = [_opened(item) for item in items if type(item) is dict]
    return found if found and len(found) == len(items) else None


def _sent(text: str) -> Events:
    """Read server-sent events. A line that was cut off is left out."""
    found: Events = []
    kind, waiting = "", ""
    for line in LINE.split(text):
        if line.startswith("data:"):
            waiting += line[5:].strip() if not waiting else "\n" + line[5:].strip()
            if (event := _parsed(waiting)) is not None:
                found.append(event if "type" in event or not kind else {"type": kind, **event})
                waiting = ""
            elif waiting == "[DONE]":
                waiting = ""
        elif line.startswith("event:"):
            kind, waiting = line[6:].strip(), ""
        elif not line:
            kind, waiting = "", ""
    return found


def _lines(text: str) -> Events:
    return [event for event in map(_parsed, LINE.split(text)) if event is not None]


def _parsed(text: str) -> Row | None:
    if not text.startswith("{"):
        return None
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return _opened(value) if type(value) is dict else None


def _opened(event: Row) -> Row:
    """Return the event inside one: Bedrock's is in base64, other logs keep server-sent events as objects."""
    chunk = event.get("chunk")
    held = chunk.get("bytes") if type(chunk) is dict else event.get("bytes")
    if isinstance(held, str):
        try:
            found = orjson.loads(base64.b64decode(held))
        except (binascii.Error, ValueError):
            return event
        return found if type(found) is dict else event
    data = event.get("data")
    if type(data) is str and "choices" not in event:
        return _parsed(data) or event
    return data if type(data) is dict and ("event" in event or len(event) == 1) else event
