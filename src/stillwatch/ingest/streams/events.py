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
ASIDE = ("id:", "retry:", ":")
"""Beginnings of lines of server-sent events that hold nothing of an answer."""
MOST_PIECES = 256
"""Lines of data of one event; each costs a try at all before it."""
SIGNS = ("[done]", "ping", "keepalive", "keep-alive")
"""Data that is no JSON, as servers send it."""
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


def _sent(text: str) -> Events | None:
    """Read server-sent events; None for a text that holds other words: an answer may begin like a stream.

    The last line may be cut off.
    """
    found: Events = []
    kind, waiting = "", ""
    lines = LINE.split(text)
    for number, line in enumerate(lines):
        if line.startswith("data:"):
            waiting += line[5:].strip() if not waiting else "\n" + line[5:].strip()
            if (event := _parsed(waiting)) is not None:
                found.append(event if "type" in event or not kind else {"type": kind, **event})
                waiting = ""
            elif waiting.lower() in SIGNS:
                waiting = ""
            elif waiting.count("\n") > MOST_PIECES:
                return None
        elif line.startswith("event:") or not line.strip():
            if waiting and number + 1 < len(lines):
                return None
            kind, waiting = line[6:].strip(), ""
        elif not line.startswith(ASIDE) and (number + 1 < len(lines) or not _begun(line)):
            return None
    return None if waiting and not waiting.startswith("{") else found


def _begun(line: str) -> bool:
    """Return whether a line may be the beginning of one that was cut off."""
    return any(start.startswith(line) for start in (*STARTS, *ASIDE))


def _lines(text: str) -> Events | None:
    """Read lines of JSON; None if there are other words between them. The last may be cut off."""
    lines = [line for line in LINE.split(text) if line.strip()]
    found = [_parsed(line) for line in lines]
    whole = found if found[-1] is not None or not lines[-1].startswith("{") else found[:-1]
    events = [event for event in whole if event is not None]
    return events if len(events) == len(whole) else None


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
