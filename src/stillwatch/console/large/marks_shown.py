"""How a mark is shown: never by the words of a prompt, also where a run keeps them."""

from __future__ import annotations

from stillwatch.plain import plain
from stillwatch.registry import FACETS
from stillwatch.report import formatting
from stillwatch.report_tables.labels import Labels, shown

WORDS = ("frame", "head", "prefix", "system", "tail")
"""Kinds of labels that are words of prompts."""


def mark_shown(facet: str, value: int, labels: Labels) -> str:
    """Return a trace's value in words, or as a short key. labels: without those of WORDS."""
    short = formatting.key(value)[:8]
    if facet not in FACETS.all():
        return short
    try:
        return formatting.label(facet, plain(shown(facet, value, labels)), 160)
    except (ArithmeticError, ValueError, OSError):  # a value that the facet of this version does not make
        return short


def has_words(facet: str) -> bool:
    """Return whether labels of a facet are words of prompts."""
    known = FACETS.all().get(facet)
    return known is not None and known.label in WORDS
