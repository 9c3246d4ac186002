"""Answers that were logged as they were streamed: events and chunks, put together to one response."""

from __future__ import annotations

from typing import Any

from stillwatch.ingest.streams.anthropic import anthropic
from stillwatch.ingest.streams.chat import chat
from stillwatch.ingest.streams.cohere import cohere
from stillwatch.ingest.streams.converse import NAMES, converse
from stillwatch.ingest.streams.events import Events, events_of
from stillwatch.ingest.streams.gemini import gemini
from stillwatch.ingest.streams.responses import responses
from stillwatch.ingest.streams.written import written
from stillwatch.ingest.values import Row

BEGINS = frozenset(
    ("message_start", "content_block_start", "content_block_delta", "message_delta", "message_stop")
)
COHERE = frozenset(("message-start", "content-start", "content-delta", "message-end", "tool-call-delta"))
HOLDERS = ("message", "content", "output")
TELLING = (
    *("text", "parts", "output_text", "response", "generation", "outputText", "completion", "tool_calls"),
    *("function_call", "reasoning_content", "reasoning", "refusal", "audio", "usage", "usageMetadata"),
    *("metadata", "metrics", "error", "status", "finish_reason", "finishReason", "stop_reason", "stopReason"),
    *("promptFeedback", "meta", "done", "eval_count", "signature"),
)
"""What a response put together has if it is one, beside words in lists."""
WRITTEN = frozenset(("generation", "outputText", "completion"))


def put_together(answer: Any) -> Any:
    """Return the response that a stream amounts to; anything else as it is. Never raises.

    Takes the text of server-sent events, lines of JSON, and lists of chunks or events, of chat completions,
    Responses, Anthropic, Gemini, Bedrock, Cohere and Ollama.
    """
    if type(answer) is dict:
        return answer
    events = events_of(answer)
    if not events:
        return answer
    for event in events[:8]:
        if (made := _made(event, events)) is not None:
            return made if type(answer) is not str or _tells(made) else answer
    return answer


def _tells(made: Row) -> bool:
    """Return whether a stream tells anything: words, a call, an end, counts. Else it may be no stream."""
    parts = [made]
    for name in ("choices", "candidates"):
        inside = made.get(name)
        parts += [part for part in inside if isinstance(part, dict)] if isinstance(inside, list) else []
    parts += [part[name] for part in parts for name in HOLDERS if isinstance(part.get(name), dict)]
    return any(part.get(name) for part in parts for name in TELLING) or any(
        part.get(name) and not isinstance(part[name], dict) for part in parts for name in HOLDERS
    )


def _made(event: Row, events: Events) -> Row | None:
    kind = event.get("type") or event.get("event_type")
    if isinstance(kind, str):
        if kind in BEGINS:
            return anthropic(events)
        if kind.startswith("response."):
            return responses(events)
        if kind in COHERE or kind in ("text-generation", "stream-start", "stream-end"):
            return cohere(events)
    if isinstance(event.get("choices"), list):
        return chat(events)
    if "candidates" in event or "usageMetadata" in event:
        return gemini(events)
    if not NAMES.isdisjoint(event) and "role" not in event:
        return converse(events)
    if ("done" in event and ("message" in event or "response" in event)) or not WRITTEN.isdisjoint(event):
        return written(events)
    return {"error": event["error"]} if set(event) == {"error"} and len(events) == 1 else None
