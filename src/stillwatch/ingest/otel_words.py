"""What a span holds of the words of a call: prompt, answer and bodies, in the span's own vocabulary."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from stillwatch.ingest import otel_names as names
from stillwatch.ingest.generations import generated
from stillwatch.ingest.otel_nested import nested
from stillwatch.ingest.otlp import Span
from stillwatch.ingest.values import Row, canonical, inner, mapping_of

CALLED = "tool-call"
RETURNED = "tool-result"
PICTURED = frozenset(
    {"blob", "uri", "file", "binary", "image-url", "audio-url", "video-url", "document-url", "media"}
)
"""Parts of messages that are no text; each becomes a mark such as [image]."""

ENVELOPES = frozenset(
    {
        "choices",
        "candidates",
        "message",
        "content",
        "output",
        "output_text",
        "parts",
        "text",
        "role",
        "usage",
        "tool_calls",
    }
)
"""Fields of an answer as an API or a library has it."""


@dataclass
class Words:
    """The words of one call, as they were logged."""

    given: Any = None
    """Messages."""
    system: Any = None
    """Instructions beside them."""
    got: Any = None
    """Answer."""
    body: Row = field(default_factory=dict)
    """Body of the request, where the span holds a whole one."""
    reply: Any = None
    """Body of the response beside it."""
    details: Row = field(default_factory=dict)
    """Attributes of the event that belongs to the call."""


def words_of(span: Span) -> Words:
    """Return the words of a span and of its events."""
    found = _of_events(span)
    attributes = {**found.details, **span.attributes} if found.details else span.attributes
    found.system = _first(attributes, names.SYSTEM)
    found.given = _given(attributes) or found.given
    found.got = _got(attributes) or found.got
    if "request_data" in attributes or found.given is None or found.got is None:
        _bodies(attributes, found)
    if found.given is None and found.got is None:
        _history(attributes, found)
    found.given, found.got = _parts(found.given), _parts(found.got)
    return found


def _first(attributes: Row, known: tuple[str, ...]) -> Any:
    return next((inner(attributes[name]) for name in known if attributes.get(name) not in (None, "")), None)


def _given(attributes: Row) -> Any:
    found = _first(attributes, names.INPUT[:1]) or _first(attributes, ("ai.prompt.messages", "ai.prompt"))
    if found is not None:
        return _asked(found)
    for head in names.NESTED_PROMPTS:
        if (listed := nested(attributes, head)) is not None:
            return listed
    return _first(attributes, names.INPUT[1:])


def _asked(value: Any) -> Any:
    """Take the prompt of the AI SDK's outer spans apart."""
    if not isinstance(value, dict) or not {"system", "prompt", "messages"} & set(value):
        return value
    system, said = value.get("system"), inner(value.get("messages")) or inner(value.get("prompt"))
    listed = said if isinstance(said, list) else [{"role": "user", "content": said}] if said else []
    return [{"role": "system", "content": system}, *listed] if system else listed


def _got(attributes: Row) -> Any:
    found = _first(attributes, names.OUTPUT[:1])
    if found is None:
        found = _of_sdk(attributes)
    if found is not None:
        return found
    for head in names.NESTED_ANSWERS:
        if (listed := nested(attributes, head)) is not None:
            return listed
    return _answered(attributes.get(names.OUTPUT[1]))


def _of_sdk(attributes: Row) -> Any:
    """Return the answer of the AI SDK as a message: its text or object, its calls, its reasoning."""
    said, calls, thought = (
        _first(
            attributes, tuple(f"ai.{outer}.{name}" for outer in ("response", "result") for name in several)
        )
        for several in (("text", "object"), ("toolCalls",), ("reasoning", "reasoningText"))
    )
    if said is None and calls is None:
        return None
    text = said if isinstance(said, str) or said is None else canonical(said, "answer")
    parts = [{"type": "reasoning", "text": thought}] if isinstance(thought, str) else []
    listed = [{"type": "text", "text": text}] if text else []
    made = [{**call, "type": "tool-call"} for call in calls or () if isinstance(call, dict)]
    return [{"role": "assistant", "content": [*parts, *listed, *made]}]


def _bodies(attributes: Row, found: Words) -> None:
    """Add the bodies that a span holds whole, or as text."""
    for asked, answered in zip(names.BODIES, names.REPLIES, strict=True):
        given, got = _first(attributes, (asked,)), _answered(attributes.get(answered))
        if given is None and got is None:
            continue
        if isinstance(given, dict) and _is_body(given):
            found.body = given
        elif found.given is None and not isinstance(given, dict):
            found.given = given
        if isinstance(got, dict):
            found.reply = got
        elif found.got is None:
            found.got = got
        if found.body or found.given is not None:
            return


def _is_body(value: Row) -> bool:
    return any(name in value for name in ("messages", "input", "contents", "prompt"))


def _answered(value: Any) -> Any:
    """Return an answer without the envelopes of LangChain and of Logfire's streams.

    An object that is none of an API is what the model said: structured output.
    """
    read = generated(inner(value))
    if not isinstance(read, dict):
        return None if read == "" else read
    if "combined_chunk_content" in read:
        return read["combined_chunk_content"]
    if ENVELOPES.isdisjoint(read):
        return value if isinstance(value, str) else canonical(read, "answer")
    return read


def _history(attributes: Row, found: Words) -> None:
    """Take a run of an agent apart: its last message is the answer."""
    said = _first(attributes, (*names.HISTORIES, "mlflow.chat.messages", "events"))
    if not isinstance(said, list) or not said:
        return
    if any(isinstance(item, dict) and "event.name" in item for item in said):
        chosen = [item for item in said if mapping_of(item).get("event.name") == names.OLD_CHOICE]
        if chosen:
            found.given = [item for item in said if item not in chosen]
            found.got = [mapping_of(item).get("message", item) for item in chosen]
            return
    if mapping_of(said[-1]).get("role") == "assistant":
        found.given, found.got = said[:-1], said[-1:]
    else:
        found.given = said


def _parts(messages: Any) -> Any:
    """Put the parts of messages into words that all dialects share."""
    if not isinstance(messages, list):
        return messages
    return [_message(item) if isinstance(item, dict) else item for item in messages]


def _message(item: Row) -> Row:
    for name in ("parts", "content"):
        if isinstance(item.get(name), list):
            return {**item, name: [_part(part) if isinstance(part, dict) else part for part in item[name]]}
    return item


def _part(part: Row) -> Row:
    kind = part.get("type")
    if kind == CALLED:
        return {
            **part,
            "type": "tool_call",
            "name": part.get("toolName", part.get("name", "")),
            "arguments": part.get("input", part.get("args", {})),
        }
    if kind == RETURNED:
        return {"type": "tool_result", "content": _returned(part.get("output", part.get("result")))}
    if kind == "tool_call_response" and not isinstance(part.get("response", part.get("result")), str | list):
        return {**part, "response": canonical(part.get("response", part.get("result")), "messages") or ""}
    if kind in PICTURED:
        said = (
            part.get("modality") or part.get("mediaType") or part.get("mime_type") or part.get("media_type")
        )
        word = str(said or kind).partition("/")[0].partition("-")[0].lower()
        return {"type": "text", "text": f"[{word if word in ('image', 'audio', 'video') else 'file'}]"}
    return part


def _returned(value: Any) -> Any:
    if isinstance(value, dict) and "value" in value:
        value = value["value"]
    return value if isinstance(value, str | list) else canonical(value, "messages") or ""


def _of_events(span: Span) -> Words:
    found = Words()
    given: list[Any] = []
    got: list[Any] = []
    for name, attributes, body in span.events:
        if name == names.DETAILS:
            found.details.update(attributes)
            found.details.update(mapping_of(body))
        elif name == names.OLD_PROMPT:
            given.extend(_several(_first(attributes, (*names.INPUT, "input.value"))))
        elif name == names.OLD_COMPLETION:
            got.extend(_several(_first(attributes, (*names.OUTPUT, "output.value"))))
        elif name in names.OLD_MESSAGES:
            given.append({"role": names.OLD_MESSAGES[name], **_content(attributes, body)})
        elif name == names.OLD_CHOICE:
            got.append(_content(attributes, body))
    found.given, found.got = given or None, _chosen(got)
    return found


def _several(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _chosen(got: list[Any]) -> Any:
    """Return the choices of old events as one answer."""
    if not got:
        return None
    said = (inner(item.get("message", item)) if isinstance(item, dict) else item for item in got)
    return [{"role": "assistant", **item} if isinstance(item, dict) else item for item in said]


def _content(attributes: Row, body: Any) -> Row:
    """Return an old event's body, wherever it is."""
    for found in (body, attributes.get(names.OLD_CONTENT)):
        found = inner(found)
        if isinstance(found, dict) and found:
            return found
        if isinstance(found, str) and found:
            return {"content": found}
    return {
        name: inner(attributes[name])
        for name in ("content", "message", "tool_calls", "role")
        if name in attributes
    }
