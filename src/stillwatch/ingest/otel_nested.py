"""Lists that were spread over attributes (`gen_ai.prompt.0.role` …), put together as messages of an API."""

from __future__ import annotations

from typing import Any

from stillwatch.ingest.values import Row, inner, mapping_of

DEEPEST = 12
"""Parts of a name that are looked at; what lies deeper stays under a name with dots."""
WRAPPERS = frozenset({"message", "message_content", "tool_call", "tool"})
"""Objects with which OpenInference wraps each item of a list."""


def nested(attributes: Row, head: str) -> list[Any] | None:
    """Return the list under a name: as it stands there, or put together from names that go on from it."""
    whole = inner(attributes.get(head))
    if isinstance(whole, list):
        return [_plain(_opened(item)) for item in whole] or None
    start = head + "."
    found: Row = {}
    for name, value in attributes.items():
        if name.startswith(start):
            _put(found, name[len(start) :].split(".", DEEPEST), value)
    listed = _listed(found)
    return [_plain(item) for item in listed] or None if isinstance(listed, list) else None


def _put(found: Row, path: list[str], value: Any) -> None:
    for part in path[:-1]:
        inside = found.setdefault(part, {})
        if not isinstance(inside, dict):
            return
        found = inside
    found.setdefault(path[-1], value)


def _listed(value: Any) -> Any:
    """Make lists of objects whose names are all numbers."""
    if type(value) is not dict:
        return value
    if value and all(name.isdecimal() and len(name) < 6 for name in value):
        return [_listed(value[name]) for name in sorted(value, key=int)]
    return {name: _listed(inside) for name, inside in value.items()}


def _opened(item: Any, depth: int = 0) -> Any:
    """Unfold names with dots inside the items of a list, as data frames hold them."""
    if depth > DEEPEST:
        return item
    if type(item) is list:
        return [_opened(inside, depth + 1) for inside in item]
    if type(item) is not dict:
        return item
    found: Row = {}
    for name, value in item.items():
        if value is not None:
            _put(found, str(name).split(".", DEEPEST), _opened(value, depth + 1))
    return _listed(found)


def _plain(item: Any, depth: int = 0) -> Any:
    """Return an item in the words of the chat completions API."""
    if type(item) is list:
        return [_plain(inside, depth + 1) for inside in item] if depth < DEEPEST else item
    if type(item) is not dict or depth >= DEEPEST:
        return item
    if len(item) == 1 and (name := next(iter(item))) in WRAPPERS:
        return _plain(item[name], depth + 1)
    if "image" in item and item.get("type", "image") == "image":
        return {"type": "image"}
    given = {name: _leaf(name, value, depth) for name, value in item.items() if name != "contents"}
    contents = item.get("contents")
    if isinstance(contents, list) and not given.get("content"):
        given["content"] = [_plain(part, depth + 1) for part in contents]
    if "function_call_name" in given:
        given["tool_calls"] = [
            {"name": given["function_call_name"], "arguments": given.get("function_call_arguments_json")}
        ]
    return given


def _leaf(name: str, value: Any, depth: int) -> Any:
    """Return a value inside an item. Text is text, also where a user wrote JSON, but parts are a list."""
    if isinstance(value, str):
        read = inner(value) if name in ("content", "parameters", "tool_calls") else value
        parts = isinstance(read, list) and all(isinstance(part, dict) and "type" in part for part in read)
        return read if name != "content" or parts else value
    return _plain(value, depth + 1)


def functions_of(attributes: Row) -> list[Any] | None:
    """Return the tools of a call that were spread over attributes."""
    listed = nested(attributes, "llm.request.functions") or nested(attributes, "gen_ai.request.tools")
    if listed is not None:
        return [_function(item) for item in listed]
    listed = nested(attributes, "llm.tools")
    if listed is not None:
        return [inner(mapping_of(item).get("json_schema", item)) for item in listed]
    known = inner(attributes.get("ai.prompt.tools"))
    if isinstance(known, list):
        return [inner(item) for item in known] or None
    return None


def _function(item: Any) -> Any:
    return {"type": "function", "function": item} if isinstance(item, dict) and "type" not in item else item
