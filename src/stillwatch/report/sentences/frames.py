"""Templates in words: a frame with its slots, how many accounts share it, and its text where the run may show
it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from stillwatch.report import formatting
from stillwatch.run.reading import Row

SLOT = re.compile(r"(\{\d+\})")
PARTS = {"head": "first words", "tail": "last words", "system": "system prompt"}
"""What the parts of a prompt are called."""


def split(templates: Sequence[Row]) -> tuple[list[Row], list[Row]]:
    """Frames, and the other parts that accounts share."""
    return [row for row in templates if row["part"] == "frame"], [
        row for row in templates if row["part"] != "frame"
    ]


def shape(row: Row) -> str:
    """A frame's shape: 41-word frame with 2 slots; or about how many words, where only sketches tell."""
    if row["words"]:
        return f"{row['length']}-word frame with {_slots(row['slots'])}"
    spread = f"{formatting.count(row['length_least'])} to {formatting.count(row['length_most'])}"
    slots = f"about {_slots(row['slots'])}" if row["slots"] else "no slot seen"
    return f"frame of about {formatting.count(row['length'])} words ({spread}) with {slots}"


def use(row: Row) -> str:
    """Who uses a frame, and how much: 3,412 accounts, 96% of the group's prompts …"""
    accounts = (
        f"{formatting.plural(row['accounts'], 'account')}, {formatting.percent(row['share'])} of the "
        "group's prompts"
    )
    elsewhere = (
        f"{formatting.plural(row['accounts_elsewhere'], 'account')} elsewhere"
        if row["accounts_elsewhere"]
        else "used nowhere else"
    )
    return f"{accounts}, {formatting.plural(row['distinct_prompts'], 'distinct prompt')}; {elsewhere}"


def sentence(row: Row) -> str:
    """A frame in a sentence."""
    return formatting.sentence(f"{shape(row)}, {use(row)}")


def note(rows: Sequence[Row], least: int) -> str:
    """What a frame is, and whose words are shown."""
    what = (
        "A frame is what the prompts of several accounts have in common, word for word; a slot is what "
        "changes."
    )
    if any(row["words"] for row in rows):
        return f"{what} Words are shown only where at least {formatting.plural(least, 'account')} wrote them."
    return f"{what} Its length and slots are told from sketches."


def part(name: str) -> str:
    """What a part of a prompt is called."""
    return PARTS.get(name, name)


def pieces(words: str, most: int) -> list[tuple[str, bool]]:
    """A frame's text in pieces, and whether each is a slot."""
    return [
        (piece, SLOT.fullmatch(piece) is not None)
        for piece in SLOT.split(formatting.cut(words, most))
        if piece.strip()
    ]


def _slots(count: int) -> str:
    return formatting.plural(count, "slot") if count else "no slot"
