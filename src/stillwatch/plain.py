"""Text from strangers, made safe to show."""

from __future__ import annotations


def plain(text: str) -> str:
    """Replace each control and direction character by a dot: it could drive a terminal or reverse a line."""
    return text if text.isprintable() else "".join(c if c.isprintable() else "·" for c in text)
