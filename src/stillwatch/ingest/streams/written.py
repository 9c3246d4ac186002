"""Lines of Ollama and chunks of Bedrock's text models to one response."""

from __future__ import annotations

from stillwatch.ingest.streams.events import Events
from stillwatch.ingest.values import Row, mapping_of

PLAIN = ("response", "generation", "outputText", "completion")
"""Fields that hold a piece of the text: Ollama's generate, Llama, Titan, Anthropic's old completions."""


def written(events: Events) -> Row:
    """Return the response; the last event holds counts and the reason why it ended."""
    said, thought = "", ""
    calls: list[object] = []
    made: Row = {}
    for event in events:
        made.update({name: value for name, value in event.items() if value is not None})
        message = mapping_of(event.get("message"))
        pieces = [message.get("content"), *(event.get(name) for name in PLAIN)]
        said += next((piece for piece in pieces if isinstance(piece, str)), "")
        thinking = message.get("thinking") or event.get("thinking")
        thought += thinking if isinstance(thinking, str) else ""
        given = message.get("tool_calls")
        calls += given if isinstance(given, list) else []
    for name in (*PLAIN, "thinking"):
        made.pop(name, None)
    message = {"role": "assistant", "content": said, "tool_calls": calls}
    return {**made, "message": {**message, "reasoning_content": thought} if thought else message}
