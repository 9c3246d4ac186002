"""The sections of an explanation. They stand apart from the report, since help must be quick."""

from __future__ import annotations

SECTIONS = (
    "axes",
    "extracting",
    "bound",
    "test",
    "permit",
    "identity",
    "volume",
    "evidence",
    "keys",
    "signals",
    "intents",
    "templates",
    "accounts",
    "against",
    "blind-spots",
)
"""Every section, in the order in which it is shown."""
