"""The sections of an explanation. They stand apart from the report, since help must be quick."""

from __future__ import annotations

SECTIONS = (
    "who",
    "do",
    "axes",
    "extracting",
    "bound",
    "test",
    "permit",
    "identity",
    "facts",
    "volume",
    "evidence",
    "keys",
    "signals",
    "intents",
    "templates",
    "accounts",
    "crosswalk",
    "against",
    "blind-spots",
)
"""Every section, in the order in which it is shown."""
SHORT = ("who", "do", "axes", "extracting", "bound", "facts")
"""The sections of a short explanation."""
