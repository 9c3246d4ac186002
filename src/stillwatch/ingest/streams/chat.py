"""Chunks of chat completions and of old completions to one response."""

from __future__ import annotations

from typing import Any

from stillwatch.ingest.streams.events import Events
from stillwatch.ingest.values import Row

JOINED = ("content", "refusal", "reasoning_content", "reasoning")
"""Fields of a delta whose pieces are joined."""
LISTS = ("thinking_blocks", "reasoning_details")
KEPT = ("id", "model", "created", "service_tier", "error")


def chat(events: Events) -> Row:
    """Return the completion; the last usage and the last finish reason count."""
    made: Row = {"object": "chat.completion"}
    choices: dict[int, Row] = {}
    for event in events:
        made.update({name: event[name] for name in KEPT if event.get(name) and name not in made})
        if type(event.get("usage")) is dict:
            made["usage"] = event["usage"]
        given = event.get("choices")
        for choice in given if type(given) is list else ():
            if type(choice) is dict:
                _add(choices.setdefault(_index(choice), {}), choice)
    made["choices"] = [choices[i] for i in sorted(choices)]
    for choice in made["choices"]:
        calls = choice.get("message", {}).get("tool_calls")
        if type(calls) is dict:
            choice["message"]["tool_calls"] = [calls[i] for i in sorted(calls)]
    return made


def _index(item: Row) -> int:
    at = item.get("index")
    return at if type(at) is int else 0


def _add(made: Row, choice: Row) -> None:
    if choice.get("finish_reason"):
        made["finish_reason"] = choice["finish_reason"]
    if type(choice.get("text")) is str and "delta" not in choice:
        made["text"] = made.get("text", "") + choice["text"]
        return
    delta = choice.get("delta") or choice.get("message")
    if type(delta) is not dict:
        return
    message = made.setdefault("message", {"role": "assistant"})
    for name, value in delta.items():
        if name in JOINED and type(value) is str:
            message[name] = _text(message.get(name)) + value
        elif name in LISTS and type(value) is list:
            message[name] = [*message.get(name, ()), *value]
        elif name == "content" and type(value) is list:
            message[name] = (
                [*(message.get(name) or ()), *value] if type(message.get(name)) is not str else value
            )
        elif name == "tool_calls" and type(value) is list:
            _calls(message, value)
        elif name == "function_call" and type(value) is dict:
            _function(message.setdefault(name, {}), value)
        elif name == "audio" and type(value) is dict:
            heard = message.setdefault(name, {})
            heard["transcript"] = heard.get("transcript", "") + _text(value.get("transcript"))
        elif value and name not in message:
            message[name] = value


def _calls(message: Row, deltas: list[Any]) -> None:
    calls = message.setdefault("tool_calls", {})
    for delta in deltas:
        if type(delta) is not dict:
            continue
        at = _index(delta) if type(delta.get("index")) is int else len(calls)
        call = calls.setdefault(at, {"type": "function", "function": {}})
        call.update({name: delta[name] for name in delta if name != "function" and delta[name] is not None})
        if type(delta.get("function")) is dict:
            _function(call["function"], delta["function"])


def _function(made: Row, delta: Row) -> None:
    if type(delta.get("name")) is str and not made.get("name"):
        made["name"] = delta["name"]
    if type(delta.get("arguments")) is str:
        made["arguments"] = made.get("arguments", "") + delta["arguments"]


def _text(value: Any) -> str:
    return value if type(value) is str else ""
