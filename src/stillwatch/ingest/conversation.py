"""Messages as role and text, from every shape that clients send."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from stillwatch.ingest.notes import note
from stillwatch.ingest.parts import (
    SILENT,
    THOUGHTS,
    call_of,
    is_call,
    is_result,
    outcome_of,
    result_of,
    text_of,
)
from stillwatch.ingest.streams import put_together
from stillwatch.ingest.values import inner, mapping_of
from stillwatch.ingest.written_text import is_lost, opened_text

Messages = list[tuple[str, str]]
ROLES = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "human": "user",
    "assistant": "assistant",
    "ai": "assistant",
    "model": "assistant",
    "tool": "tool",
    "function": "tool",
    "ipython": "tool",
    "chatbot": "assistant",
    "aimessagechunk": "assistant",
    "humanmessagechunk": "user",
}
KINDS = frozenset(
    {"human", "ai", "system", "tool", "function", "developer", "AIMessageChunk", "HumanMessageChunk"}
)
"""LangChain's `type` of a message, which stands for its role."""
SPEAKS = {
    "Human": "user",
    "AI": "assistant",
    "System": "system",
    "Tool": "tool",
    "Function": "tool",
}
"""Beginnings of LangChain's names of classes."""


def messages_of(value: Any, system: Any = None) -> Messages | None:
    """Return the messages, system prompt first; None if there is no text at all.

    Takes strings, lists, and JSON inside strings.
    """
    found: Messages = []
    if system is not None and (words := text_of(inner(system))):
        found.append(("system", words))
    if isinstance(value, str):
        value = opened_text(value)
    if isinstance(value, str):
        if value and not is_lost(value, "messages"):
            found.append(("user", value))
    elif isinstance(value, list):
        for item in value:
            found.extend(_message(item))
    elif isinstance(value, dict):
        nested = value.get("messages")
        found.extend(messages_of(nested) or []) if nested is not None else found.extend(_message(value))
    elif value is not None:
        note("messages", "messages are neither a list nor text: left out")
    return found or None


def _message(item: Any) -> Iterable[tuple[str, str]]:
    if isinstance(item, str):
        return [("user", item)] if item else []
    if not isinstance(item, dict):
        return _unnamed(item)
    kind = str(item["type"]) if item.get("type") is not None else None
    if "role" not in item and kind is not None:
        if kind == "constructor" or kind in KINDS or "lc" in item:
            return _spoken(_langchain(item))
        if is_result(item):
            return [("tool", result_of(item))]
        if is_call(kind):
            said = [("assistant", call_of(item))]
            out = item.get("output")
            return [*said, ("tool", out)] if kind == "mcp_call" and isinstance(out, str) and out else said
        if kind in THOUGHTS or kind in SILENT:
            return []
        if kind == "output_text":
            return [("assistant", text_of(item))]
    return _spoken(item)


def _unnamed(item: Any) -> Iterable[tuple[str, str]]:
    """Read an item that is no object: numbers of tokens are no words, a list is LangChain's batch."""
    if isinstance(item, int) and not isinstance(item, bool):
        return []
    if isinstance(item, list):
        if len(item) == 2 and isinstance(item[0], str) and isinstance(item[1], str) and item[0] in ROLES:
            return [(ROLES[item[0]], item[1])]
        return [said for one in item for said in (_message(one) if not isinstance(one, list) else ())]
    note("messages", "a message is neither an object nor text: left out")
    return []


def _langchain(item: dict[str, Any]) -> dict[str, Any]:
    """Return a message of LangChain with the names of chat completions."""
    held = mapping_of(item.get("kwargs")) or mapping_of(item.get("data")) or item
    path = item.get("id")
    name = path[-1] if isinstance(path, list) and path and isinstance(path[-1], str) else ""
    role = next((ours for mark, ours in SPEAKS.items() if name.startswith(mark)), None)
    role = role or ROLES.get(str(held.get("type", item.get("type"))).lower(), held.get("role", "user"))
    beside = mapping_of(held.get("additional_kwargs"))
    calls = held.get("tool_calls") or beside.get("tool_calls")
    refusal = held.get("refusal") or beside.get("refusal")
    return {"role": role, "content": held.get("content"), "tool_calls": calls, "refusal": refusal}


def _spoken(item: dict[str, Any]) -> Iterable[tuple[str, str]]:
    role = ROLES.get(str(item.get("role", "user")).lower(), "user")
    content = item.get("content", item.get("parts", item.get("text")))
    if type(content) is str and not item.get("tool_calls") and not item.get("refusal"):
        if content or not isinstance(item.get("parts"), list):
            return [(role, content)] if content else []
        content = item["parts"]  # Vercel's messages of a page have an empty content beside the parts
    if isinstance(content, list) and any(map(is_result, content)) and role in ("user", "tool"):
        return _split_results(content)
    if isinstance(content, list) and any(is_result(part) or outcome_of(part) for part in content):
        return _in_turn(role, content)
    spoken = [text_of(content)]
    for name in ("refusal", "message") if content is None else ("refusal",):
        spoken.append(item[name] if isinstance(item.get(name), str) else "")
    heard = mapping_of(item.get("audio")).get("transcript")
    spoken.append(heard if isinstance(heard, str) else "")
    calls = item.get("tool_calls")
    if isinstance(calls, list):
        spoken += map(call_of, calls)
    if isinstance(item.get("function_call"), dict):
        spoken.append(call_of(item["function_call"]))
    words = "\n".join(filter(None, spoken))
    return [(role, words)] if words else []


def _split_results(parts: list[Any]) -> Iterable[tuple[str, str]]:
    """Split tool results off the user's message: they are the tool's words, not the user's.

    Anthropic, Gemini, Bedrock and OpenTelemetry put them there.
    """
    for part in filter(is_result, parts):
        yield "tool", result_of(part)
    rest = text_of([part for part in parts if not is_result(part)])
    if rest:
        yield "user", rest


def _in_turn(role: str, parts: list[Any]) -> Iterable[tuple[str, str]]:
    """Split results off an answer that went on after them: tools of the server, calls of Vercel's pages."""
    said: list[Any] = []
    for part in parts:
        result = result_of(part) if is_result(part) else outcome_of(part)
        if result is None or not is_result(part):
            said.append(part)
        if result is not None:
            if words := text_of(said):
                yield role, words
            said = []
            if result:
                yield "tool", result
    if words := text_of(said):
        yield role, words


ANSWERS = ("output", "content", "message", "parts", "text", "generation", "outputText", "completion")
"""Where a response has its answer; the last three are those of Llama, Titan and old Anthropic models."""


def answer_of(response: Any) -> str | None:
    """Return the answer's text from a chat completion, a completion, a response or an Anthropic message.

    None where there is none.
    """
    if isinstance(response, str):
        response = opened_text(response)
    response = put_together(response)
    if isinstance(response, str):
        return None if is_lost(response, "response") else response or None
    if isinstance(response, list):
        return "\n".join(words for _, words in messages_of(response) or []) or None
    if not isinstance(response, dict):
        return None
    choices = response.get("choices", response.get("candidates"))
    if isinstance(choices, list) and choices:
        return "\n".join(filter(None, map(_choice, choices))) or None
    if isinstance(response.get("output_text"), str) and response["output_text"]:
        return str(response["output_text"])
    if "lc" in response or str(response.get("type")) in KINDS:
        return "\n".join(words for _, words in _message(response)) or None
    for name in ANSWERS:
        found = response.get(name)
        if found is not None and found != []:
            # Bedrock's Converse has its message one level deeper.
            return (
                _spoken_by(found["message"] if isinstance(found, dict) and "message" in found else found)
                or None
            )
    refused = response.get("refusal")
    return refused if isinstance(refused, str) and refused else _generated(response)


def _generated(response: dict[str, Any]) -> str | None:
    """Return the texts of an answer that is a list of results: LangChain, Titan, Mistral, Cohere."""
    for name in ("generations", "results", "outputs"):
        found = response.get(name)
        if isinstance(found, list):
            return "\n".join(filter(None, (_result(one) for one in found))) or None
    return None


def _result(one: Any) -> str:
    if isinstance(one, list):
        return "\n".join(filter(None, map(_result, one)))
    if not isinstance(one, dict):
        return ""
    found = one.get("outputText", one.get("text"))
    return found if isinstance(found, str) and found else answer_of(one.get("message")) or ""


def _choice(choice: Any) -> str:
    if not isinstance(choice, dict):
        return ""
    message = choice.get("message", choice.get("delta", choice.get("content", choice.get("text", ""))))
    return message if isinstance(message, str) else _spoken_by(message)


def _spoken_by(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        value = [value]
    if not isinstance(value, list):
        return ""
    if all(isinstance(item, dict) and "role" not in item and "text" in item for item in value):
        return text_of(value)
    said = [
        one
        for item in value
        if item is not None
        for one in _message({"role": "assistant", **item} if isinstance(item, dict) and _bare(item) else item)
        if one[1]
    ]
    # What a tool of the server found is no word of the model, unless the log has nothing else.
    return "\n".join([words for role, words in said if role != "tool"] or [words for _, words in said])


def _bare(item: dict[str, Any]) -> bool:
    kind = item.get("type")
    aside = isinstance(kind, str) and (kind in ASIDE or is_call(kind) or is_result(item))
    return "role" not in item and not aside


ASIDE = THOUGHTS | SILENT | KINDS
"""Kinds of item, beside calls and results of tools, that have a role of their own."""
