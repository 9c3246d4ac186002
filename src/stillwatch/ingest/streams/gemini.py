"""Gemini's list of partial responses to one response."""

from __future__ import annotations

from typing import Any

from stillwatch.ingest.streams.events import Events
from stillwatch.ingest.values import Row


def gemini(events: Events) -> Row:
    """Return the response; the last counts are those of the whole."""
    made: Row = {}
    candidates: dict[Any, Row] = {}
    for event in events:
        made.update({name: value for name, value in event.items() if name != "candidates" and value})
        given = event.get("candidates")
        for candidate in given if type(given) is list else ():
            if type(candidate) is dict:
                _add(candidates.setdefault(str(candidate.get("index", 0)), _empty()), candidate)
    made["candidates"] = list(candidates.values())
    return made


def _empty() -> Row:
    return {"content": {"role": "model", "parts": []}}


def _add(made: Row, candidate: Row) -> None:
    made.update({name: value for name, value in candidate.items() if name != "content" and value})
    content = candidate.get("content")
    parts = content.get("parts") if type(content) is dict else None
    kept = made["content"]["parts"]
    for part in parts if type(parts) is list else ():
        last: Any = kept[-1] if kept else None
        if _text_only(part) and _text_only(last) and part.get("thought") == last.get("thought"):
            kept[-1] = {**last, **part, "text": last["text"] + part["text"]}
        else:
            kept.append(part)


def _text_only(part: Any) -> bool:
    return type(part) is dict and type(part.get("text")) is str and "functionCall" not in part
