"""Events of the Responses API to one response."""

from __future__ import annotations

from typing import Any

from stillwatch.ingest.streams.events import Events
from stillwatch.ingest.values import Row

ENDS = frozenset(("response.completed", "response.incomplete", "response.failed", "response.done"))
TEXTS = {
    "response.output_text.delta": "output_text",
    "response.refusal.delta": "refusal",
}
THOUGHTS = frozenset(("response.reasoning_text.delta", "response.reasoning_summary_text.delta"))
ARGUMENTS = {
    "response.function_call_arguments.delta": ("function_call", "arguments"),
    "response.custom_tool_call_input.delta": ("custom_tool_call", "input"),
    "response.mcp_call_arguments.delta": ("mcp_call", "arguments"),
    "response.code_interpreter_call_code.delta": ("code_interpreter_call", "code"),
}


def responses(events: Events) -> Row:
    """Return the response of the last event, which has everything; a stream that was cut is put together."""
    made: Row = {"object": "response"}
    items: dict[str, Row] = {}
    for event in events:
        kind = str(event.get("type"))
        given = event.get("response")
        if type(given) is dict:
            made.update({name: value for name, value in given.items() if value is not None})
            if kind in ENDS and given.get("output"):
                return made
        _add(items, kind, event)
        if kind == "error":
            made["error"] = event.get("error") or {"code": event.get("code")}
    made["output"] = list(items.values())
    return made


def _add(items: dict[str, Row], kind: str, event: Row) -> None:
    at = str(event.get("output_index", 0))
    item = event.get("item")
    if kind in ("response.output_item.added", "response.output_item.done") and type(item) is dict:
        if kind.endswith("done") or at not in items:
            items[at] = (
                {**item, "content": list(item["content"])} if type(item.get("content")) is list else {**item}
            )
        return
    piece = event.get("delta")
    if type(piece) is not str:
        return
    if kind in TEXTS:
        held = items.setdefault(at, {"type": "message", "role": "assistant"})
        _join(held, "content", TEXTS[kind], "refusal" if TEXTS[kind] == "refusal" else "text", piece)
    elif kind in THOUGHTS:
        name = "summary" if "summary" in kind else "content"
        _join(items.setdefault(at, {"type": "reasoning"}), name, "summary_text", "text", piece)
    elif kind in ARGUMENTS:
        made, name = ARGUMENTS[kind]
        call = items.setdefault(at, {"type": made})
        known: Any = call.get(name)
        call[name] = (known if type(known) is str else "") + piece


def _join(item: Row, place: str, kind: str, name: str, piece: str) -> None:
    if type(item.get(place)) is not list:
        item[place] = []
    parts = item[place]
    if not parts or type(parts[-1]) is not dict or parts[-1].get("type") != kind:
        parts.append({"type": kind, name: ""})
    parts[-1][name] = parts[-1].get(name, "") + piece
