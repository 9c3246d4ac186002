"""Which reports of one value are independent: those that are not count once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

COPIED_WITHIN = 6 * 3_600.0
"""Seconds: a report of a value that another member reported so shortly before may be a copy of it. A copy by
somebody who waits longer counts as a second voice; a reporter's own history and the hub's membership stand
against that, and nothing else.
"""


@dataclass(frozen=True)
class Voice:
    """One report of one value."""

    report: str
    """Id of the report."""
    maker: str
    """Who made it."""
    created: float
    """When it was made, seconds since 1970."""
    upstream: frozenset[str] = frozenset()
    """What it says that it comes from: ids of objects, and references to publications."""


def origins(voices: Sequence[Voice]) -> dict[Voice, str]:
    """Return what each report of one value comes from: equal for those that count once.

    Two reports have one origin if one member made both, if they name the same upstream report or one names
    the other, or if they were made within COPIED_WITHIN of each other; and so on from report to report. The
    origin is named after the maker of the first. The order of the reports does not matter.
    """
    ordered = sorted(set(voices), key=lambda one: (one.created, one.maker, one.report, sorted(one.upstream)))
    parent = list(range(len(ordered)))

    def root(place: int) -> int:
        while parent[place] != place:
            parent[place] = parent[parent[place]]
            place = parent[place]
        return place

    def join(one: int, other: int) -> None:
        low, high = sorted((root(one), root(other)))
        parent[high] = low

    seen: dict[tuple[str, str], int] = {}
    for place, voice in enumerate(ordered):
        if place and voice.created - ordered[place - 1].created <= COPIED_WITHIN:
            join(place - 1, place)
        marks = [("maker", voice.maker), ("from", voice.report), *(("from", up) for up in voice.upstream)]
        for mark in marks:
            join(seen.setdefault(mark, place), place)
    return {voice: ordered[root(place)].maker for place, voice in enumerate(ordered)}
