"""What people write into a case: names, reasons, tags, checked before anything is written."""

from __future__ import annotations

import re
import unicodedata

from stillwatch.errors import CaseError

LONGEST_NAME = 200
"""Characters of a name."""
LONGEST_TEXT = 4_000
"""Characters of a reason or a note."""
TAG = re.compile(r"[\w][\w.:+-]{0,63}")
"""A tag: letters, digits and . : + - _, at most 64."""
UNSEEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\U000e0000-\U000e0fff]"
)
"""Letters that are not drawn (Default_Ignorable_Code_Point of Unicode): some of them count as printable."""
MACHINE = "stillwatch"
"""Who changes a case where no person does: `case sync`."""


def name_of(text: str, where: str = "--by") -> str:
    """Return a person's name, its spaces made single. Raises CaseError for none, and for that of the
    machine.
    """
    name = " ".join(text.split())
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise CaseError("a name must be given", where=where, do=f"write from 1 to {LONGEST_NAME} characters")
    if folded(name) == MACHINE:
        raise CaseError(
            f"{MACHINE} is what changes by a sync are signed with", where=where, do="give a person's name"
        )
    return name


def folded(name: str) -> str:
    """Return a name as names are compared: whatever its case, its spaces, its form of Unicode, and what in it
    nobody sees.
    """
    plain = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    return "".join(UNSEEN.sub("", plain).split())


def text_of(text: str, where: str = "--reason", longest: int = LONGEST_TEXT) -> str:
    """Return a reason or a note without spaces around it. Raises CaseError where it says nothing, is too
    long, or holds what no database keeps.
    """
    said = text.strip()
    if not said or len(said) > longest or not storable(said):
        raise CaseError(
            "this must be said in words", where=where, do=f"write from 1 to {longest:,} characters of text"
        )
    return said


def tag_of(text: str) -> str:
    """Return a tag in small letters. Raises CaseError for what is none."""
    tag = text.strip().lower()
    if not TAG.fullmatch(tag):
        raise CaseError(
            "this is no tag", where=text[:80], do="use letters, digits and . : + - _, at most 64 of them"
        )
    return tag


def storable(text: str) -> bool:
    """Return whether both databases can keep a text: no null character, no half of a pair."""
    return "\0" not in text and not any("\ud800" <= c <= "\udfff" for c in text)
