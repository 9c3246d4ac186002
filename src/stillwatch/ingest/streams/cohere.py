"""Events of Cohere's chat, of both versions, to one response."""

from __future__ import annotations

from stillwatch.ingest.streams.events import Events
from stillwatch.ingest.values import Row, dig, mapping_of


def cohere(events: Events) -> Row:
    """Return the response as the second version sends it."""
    made: Row = {}
    said = ""
    calls: list[Row] = []
    for event in events:
        kind = event.get("type") or event.get("event_type")
        if isinstance(event.get("id"), str):
            made["id"] = event["id"]
        piece = event.get("text") if kind == "text-generation" else dig(event, "delta.message.content.text")
        said += piece if isinstance(piece, str) else ""
        call = dig(event, "delta.message.tool_calls")
        if kind == "tool-call-start" and isinstance(call, dict):
            calls.append({**call, "function": dict(mapping_of(call.get("function")))})
        elif kind == "tool-call-delta" and isinstance(call, dict) and calls:
            function, more = calls[-1]["function"], mapping_of(call.get("function")).get("arguments")
            function["arguments"] = (
                f"{function.get('arguments') or ''}{more if isinstance(more, str) else ''}"
            )
        if kind == "message-end":
            made["finish_reason"] = dig(event, "delta.finish_reason")
            made["usage"] = mapping_of(dig(event, "delta.usage"))
        elif kind == "stream-end":
            whole = mapping_of(event.get("response"))
            made["usage"] = mapping_of(whole.get("meta"))
            made["finish_reason"] = event.get("finish_reason")
    return {**made, "message": {"role": "assistant", "content": said, "tool_calls": calls}}
