"""What each Unicode character is to a word: a letter, a digit, a word by itself, nothing, or a boundary."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

import numpy as np
import numpy.typing as npt

BOUNDARY, LETTER, DIGIT, SOLO, IGNORED, QUOTE, WIDE = range(7)
"""WIDE is a kind of bytes only: all bytes that are not ASCII."""
TABLE_SIZE = 0x20000
"""Characters above this are ideographs (SOLO) or invisible (IGNORED)."""

SCRIPTS = (
    "other",
    "latin",
    "cyrillic",
    "greek",
    "arabic",
    "hebrew",
    "devanagari",
    "han",
    "kana",
    "hangul",
    "thai",
)
_RANGES = (
    ("greek", 0x370, 0x3FF),
    ("cyrillic", 0x400, 0x52F),
    ("hebrew", 0x590, 0x5FF),
    ("arabic", 0x600, 0x6FF),
    ("arabic", 0x750, 0x77F),
    ("devanagari", 0x900, 0x97F),
    ("thai", 0xE00, 0xE7F),
    ("hangul", 0x1100, 0x11FF),
    ("kana", 0x3040, 0x30FF),
    ("hangul", 0x3130, 0x318F),
    ("han", 0x3400, 0x4DBF),
    ("han", 0x4E00, 0x9FFF),
    ("hangul", 0xAC00, 0xD7A3),
    ("han", 0xF900, 0xFAFF),
    ("arabic", 0xFB50, 0xFDFF),
    ("arabic", 0xFE70, 0xFEFC),
    ("kana", 0xFF66, 0xFF9F),
    ("latin", 0x1E00, 0x1EFF),
    ("latin", 0xFF21, 0xFF5A),
    ("latin", 0x1D400, 0x1D6A5),
)
_UNSPACED = (
    (0xE00, 0xEFF),
    (0x1000, 0x109F),
    (0x1780, 0x17FF),
    (0x3005, 0x3007),
    (0x3040, 0x30FF),
    (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF),
    (0xF900, 0xFAFF),
    (0xFF66, 0xFF9F),
)
_ACCENTS = (
    (0x300, 0x36F),
    (0x1AB0, 0x1AFF),
    (0x1DC0, 0x1DFF),
    (0x20D0, 0x20FF),
    (0xFE00, 0xFE0F),
    (0xFE20, 0xFE2F),
)
_QUOTES = "\"'`“„\u2018«「『"


KIND_MASK, SCRIPT_SHIFT, SCRIPT_MASK, FOLD_SHIFT = 0x7, 3, 0xF, 8
Characters = npt.NDArray[np.uint32]
"""By code point: kind, script and fold (without case, accent and width), packed in one number."""


@lru_cache(maxsize=1)
def characters() -> Characters:
    """Make the table, once, from the interpreter's Unicode database.

    In scripts without spaces each character is a word.
    """
    kind = np.zeros(TABLE_SIZE, np.uint32)
    fold = np.arange(TABLE_SIZE, dtype=np.uint32)
    for code in range(TABLE_SIZE):
        letter = chr(code)
        kind[code] = _kind(unicodedata.category(letter))
        if kind[code] in (LETTER, DIGIT):
            fold[code] = _fold(letter)
    for low, high in _UNSPACED:
        kind[low : high + 1][kind[low : high + 1] == LETTER] = SOLO
    for low, high in _ACCENTS:
        kind[low : high + 1] = IGNORED
    for letter in _QUOTES:
        kind[ord(letter)] = QUOTE
    return np.asarray(kind | (_scripts(kind) << SCRIPT_SHIFT) | (fold << FOLD_SHIFT), np.uint32)


@lru_cache(maxsize=1)
def bytes_() -> npt.NDArray[np.uint8]:
    """Return the kind of each byte of UTF-8."""
    kinds = np.full(256, WIDE, np.uint8)
    kinds[:128] = characters()[:128] & KIND_MASK
    return kinds


def _kind(category: str) -> int:
    if category == "Cf":
        return IGNORED
    if category in ("Nd", "No"):
        return DIGIT
    return LETTER if category[0] in "LMN" else BOUNDARY


def _fold(letter: str) -> int:
    parts = unicodedata.normalize("NFKD", letter)
    base = parts[0] if all(0x300 <= ord(mark) <= 0x36F for mark in parts[1:]) else letter
    folded = base.casefold()
    return ord(folded if len(folded) == 1 else base)


def _scripts(kind: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint32]:
    script = np.zeros(TABLE_SIZE, np.uint32)
    script[:0x250][kind[:0x250] == LETTER] = SCRIPTS.index("latin")
    for name, low, high in _RANGES:
        script[low : high + 1] = SCRIPTS.index(name)
    return script
