"""The answer inside what LangChain returns: generations of a batch, or the messages of a graph."""

from __future__ import annotations

from typing import Any

from stillwatch.ingest.values import inner


def generated(value: Any) -> Any:
    """Return the answer of a call from LangChain's envelope; any other value as it is."""
    if not isinstance(value, dict):
        return value
    made = inner(value.get("generations"))
    while isinstance(made, list) and made:
        made = made[0]
    if isinstance(made, dict):
        return made.get("message") or made.get("text")
    said = value.get("messages")
    return said[-1:] if isinstance(said, list) and said and "choices" not in value else value
