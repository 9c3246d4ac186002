"""The sentences of three real runs, and the words around them on a page and a terminal, kept as files to be
read.

After a change of words, `python tests/report/golden_sets.py` writes them again; read the difference aloud.
"""

from __future__ import annotations

import re

import pytest
from golden_sets import GOLDEN, NAMES, texts, told

AWKWARD = (
    r"\b1 (accounts|exchanges|days|owners|templates|groups|prompts|others)\b",
    r"\(s\)",
    r"\bname 0\b",
    r"  ",
    r"\.\.",
    r" [,;.]",
    r"\bNone\b(?! of)|\bnan\b",
    r": But ",
)
"""What no sentence may hold: wrong plurals, doubled stops, values that are not there."""


@pytest.mark.parametrize("name", [*texts()])
def test_the_sentences_are_those_that_were_read(name: str) -> None:
    assert texts()[name]() == (GOLDEN / f"{name}.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", NAMES)
def test_no_sentence_stumbles(name: str) -> None:
    lines = [line for line in told(name).splitlines() if not line.startswith("#")]
    assert len(lines) > 100
    for line in lines:
        assert not [pattern for pattern in AWKWARD if re.search(pattern, line)], line
