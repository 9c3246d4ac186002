"""Text from strangers, made safe to show."""

from __future__ import annotations


def plain(text: str) -> str:
    """Text without control and direction characters, which could drive a terminal or turn a line round: each
    is shown as a dot.
    """
    return text if text.isprintable() else "".join(c if c.isprintable() else "·" for c in text)
