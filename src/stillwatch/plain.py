"""Text from strangers, made safe to show."""

from __future__ import annotations

from typing import Any


def plain(text: str) -> str:
    """Replace each control and direction character by a dot: it could drive a terminal or reverse a line."""
    return text if text.isprintable() else "".join(c if c.isprintable() else "·" for c in text)


def plainly(value: Any) -> Any:
    """A value of a table whose texts are plain, however deep they stand in lists and records."""
    if isinstance(value, str):
        return plain(value)
    if isinstance(value, list):
        return [plainly(item) for item in value]
    if isinstance(value, dict):
        return {name: plainly(item) for name, item in value.items()}
    return value
