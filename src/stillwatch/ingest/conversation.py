"""Messages as role and text, from every shape that clients send."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from stillwatch.ingest.notes import note
from stillwatch.ingest.values import canonical, inner, mapping_of

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
}
IMAGES = frozenset({"image", "image_url", "input_image", "image_file", "media"})
TOOL_RESULTS = frozenset({"tool_result", "function_call_output", "tool_call_response"})
TOOL_CALLS = frozenset({"tool_use", "function_call", "tool_call"})
THOUGHTS = frozenset({"thinking", "redacted_thinking", "reasoning"})


def messages_of(value: Any, system: Any = None) -> Messages | None:
    """Return the messages, system prompt first; None if there is no text at all.

    Takes strings, lists, and JSON inside strings.
    """
    found: Messages = []
    if system is not None and (words := text_of(inner(system))):
        found.append(("system", words))
    value = inner(value)
    if isinstance(value, str):
        if value:
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
        return [("user", item)]
    if not isinstance(item, dict):
        note("messages", "a message is neither an object nor text: left out")
        return []
    kind = str(item.get("type"))
    if "role" not in item and kind in TOOL_RESULTS:
        return [("tool", text_of(item.get("output", item.get("content"))))]
    if "role" not in item and kind in TOOL_CALLS:
        return [("assistant", _call(item))]
    if "role" not in item and kind in THOUGHTS:
        return []
    return _spoken(item)


def _spoken(item: dict[str, Any]) -> Iterable[tuple[str, str]]:
    role = ROLES.get(str(item.get("role", "user")).lower(), "user")
    content = item.get("content", item.get("parts", item.get("text")))
    if type(content) is str and not item.get("tool_calls"):
        return [(role, content)] if content else []
    if isinstance(content, list) and role == "user" and any(map(_is_result, content)):
        return _split_results(content)
    spoken, calls = text_of(content), item.get("tool_calls")
    if isinstance(calls, list) and calls:
        spoken = "\n".join(filter(None, [spoken, *map(_call, calls)]))
    return [(role, spoken)] if spoken else []


def _split_results(parts: list[Any]) -> Iterable[tuple[str, str]]:
    """Split tool results off the user's message: they are the tool's words, not the user's.

    Anthropic, Gemini and OpenTelemetry put them there.
    """
    for part in filter(_is_result, parts):
        given = mapping_of(part.get("functionResponse")).get("response")
        yield (
            "tool",
            canonical(given, "messages")
            or text_of(part.get("content", part.get("response", part.get("output")))),
        )
    rest = text_of([part for part in parts if not _is_result(part)])
    if rest:
        yield "user", rest


def _is_result(part: Any) -> bool:
    return isinstance(part, dict) and (str(part.get("type")) in TOOL_RESULTS or "functionResponse" in part)


def text_of(content: Any) -> str:
    """Text of a message's content: parts joined by a line end, images as [image], without reasoning."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "\n".join(part for part in map(_part, content) if part)
    if isinstance(content, dict):
        return _part(content)
    return ""


def _part(part: Any) -> str:
    if isinstance(part, str):
        return part
    if not isinstance(part, dict):
        return ""
    kind = str(part.get("type", "text"))
    if "functionCall" in part:
        return _call(part["functionCall"])
    if kind in IMAGES:
        return "[image]"
    if kind in THOUGHTS or part.get("thought") is True:
        return ""
    if kind in TOOL_CALLS:
        return _call(part)
    if kind in ("file", "input_file", "document", "input_audio", "audio", "blob", "uri"):
        return f"[{str(kind).removeprefix('input_')}]"
    words = part.get("text", part.get("content", part.get("response", "")))
    if isinstance(words, dict):
        words = words.get("value", "")
    return (
        words
        if isinstance(words, str)
        else "\n".join(p for p in words if isinstance(p, str))
        if isinstance(words, list)
        else ""
    )


def _call(call: Any) -> str:
    """Return a tool call as one line: its name and its arguments."""
    if not isinstance(call, dict):
        return ""
    function = call.get("function") if isinstance(call.get("function"), dict) else call
    assert isinstance(function, dict)
    arguments = function.get("arguments", function.get("input", function.get("args")))
    given = arguments if isinstance(arguments, str) else canonical(arguments, "messages") or ""
    return f"[call {function.get('name', '')}] {given}".strip()


def answer_of(response: Any) -> str | None:
    """Return the answer's text from a chat completion, a completion, a response or an Anthropic message.

    None where there is none.
    """
    response = inner(response)
    if isinstance(response, str):
        return response or None
    if isinstance(response, list):
        return "\n".join(words for _, words in messages_of(response) or []) or None
    if not isinstance(response, dict):
        return None
    choices = response.get("choices", response.get("candidates"))
    if isinstance(choices, list) and choices:
        return "\n".join(filter(None, map(_choice, choices))) or None
    if isinstance(response.get("output_text"), str) and response["output_text"]:
        return str(response["output_text"])
    for name in ("output", "content", "message", "parts", "text"):
        found = response.get(name)
        if found is not None:
            # Bedrock's Converse has its message one level deeper.
            return (
                _spoken_by(found["message"] if isinstance(found, dict) and "message" in found else found)
                or None
            )
    return None


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
    return "\n".join(
        words
        for item in value
        for _, words in _message(
            {"role": "assistant", **item} if isinstance(item, dict) and _bare(item) else item
        )
    )


def _bare(item: dict[str, Any]) -> bool:
    return "role" not in item and str(item.get("type")) not in TOOL_CALLS | TOOL_RESULTS | THOUGHTS
