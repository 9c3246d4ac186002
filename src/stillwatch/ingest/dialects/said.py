"""Where the bodies of each API but Anthropic's have the words of the request."""

from __future__ import annotations

from typing import Any

from stillwatch.ingest.conversation import Messages, messages_of
from stillwatch.ingest.values import Row, first, inner, mapping_of

SAID = ("messages", "input", "contents")
"""Where a request has its messages: chat completions, responses, Gemini's own API."""
PROMPTS = ("prompt", "inputText", "inputs")
"""Where a request has a plain prompt: old completions, Llama and Mistral on Bedrock, Titan, TGI."""


def said(body: Row) -> Messages | None:
    """Return the messages of a request in the words of any API but Anthropic's."""
    system: Any = (
        body.get("instructions")
        or body.get("system")
        or mapping_of(first(body, "systemInstruction", "system_instruction")).get("parts")
        or body.get("preamble")
    )
    messages = next((found for found in (inner(body.get(name)) for name in SAID) if found is not None), None)
    if messages is not None:
        return messages_of(messages, system)
    if isinstance(body.get("message"), str):
        return messages_of([*_history(body), {"role": "user", "content": body["message"]}], system)
    return messages_of(next((body[name] for name in PROMPTS if body.get(name) is not None), None), system)


def _history(body: Row) -> list[Any]:
    """Return the turns before the message in Cohere's first version of chat."""
    turns = inner(body.get("chat_history"))
    return (
        [{**turn, "content": turn.get("message")} for turn in turns if isinstance(turn, dict)]
        if isinstance(turns, list)
        else []
    )
