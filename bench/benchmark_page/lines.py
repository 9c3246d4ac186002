"""Every campaign by every detector, from the benchmark's finished worlds."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from baselines.compare import SEARCHED

OURS = "Stillwatch"
Doc = Mapping[str, Any]


@dataclass(frozen=True)
class Line:
    """One campaign under one detector, over all seeds."""

    scenario: str
    """Its scenario."""
    campaign: str
    """Its name."""
    detector: str
    """The detector."""
    found: int
    """Worlds in which it was found."""
    worlds: int
    """Worlds in which it was searched for."""
    recall: float
    """Mean share of its accounts that were named."""
    precision: float
    """Mean share of what was named for it that is its own."""


def lines_of(cells: Iterable[Doc], at: str = "own") -> list[Line]:
    """Return every campaign by detector, ours first.

    `at` is its own defaults, or flattered: the threshold chosen with the truth.
    """
    rows: dict[tuple[str, str, str], list[Doc]] = defaultdict(list)
    for cell in cells:
        for detector in cell["detectors"]:
            for row in (detector[at] or detector["own"])["rows"]:
                rows[cell["cell"]["scenario"], row["campaign"], name_of(detector)].append(row)
    return [
        Line(
            *where,
            sum(bool(row["found"]) for row in found),
            len(found),
            statistics.fmean(row["recall"] for row in found),
            statistics.fmean(row["precision"] for row in found),
        )
        for where, found in rows.items()
    ]


def name_of(detector: Doc) -> str:
    """Return a detector's name.

    A search with the truth is one detector, whatever setting won: "components, best setting, at 0.1 %".
    """
    name = str(detector["name"])
    before, searched, after = name.partition(SEARCHED)
    return (
        f"{before.split(',')[0].split(' by ')[0]}, best setting{after[after.rfind(', ') :].rstrip(')')}"
        if searched
        else name
    )


def f1(line: Line) -> float:
    """Return the harmonic mean of precision and recall (van Rijsbergen 1979, chapter 7)."""
    both = line.precision + line.recall
    return 2 * line.precision * line.recall / both if both else 0.0


def leads(line: Line, ours: Line) -> bool:
    """Return whether a detector has the higher F1 on a campaign."""
    return f1(line) > f1(ours) + 1e-9


def how_kept(line: Doc) -> str:
    """Return whether a promise of the study of guarantees is kept, as far as the worlds show."""
    if not line["kept"]:
        return "**no**"
    return "yes" if line["high"] <= line["promised"] else "not broken"


def better(cells: Sequence[Doc]) -> list[str]:
    """Return, in a sentence each, where a baseline has the higher F1 over a campaign's accounts."""
    found = []
    for at, how in (("own", "at its defaults"), ("flattered", "at a threshold chosen with the truth")):
        lines = {(x.scenario, x.campaign, x.detector): x for x in lines_of(cells, at)}
        for (scenario, campaign, detector), line in lines.items():
            ours = lines[scenario, campaign, OURS]
            if leads(line, ours):
                found.append(
                    f"{detector} is ahead on {scenario}: {campaign} {how}: recall {line.recall:.3f}, "
                    f"precision {line.precision:.3f} "
                    f"against {ours.recall:.3f} and {ours.precision:.3f}."
                )
    return found


def in_all(steps: Sequence[Doc]) -> Doc:
    """Return the sum of the steps of one run; for memory, the largest."""
    sums = {name: sum(step[name] for step in steps) for name in ("seconds", "processor")}
    return {"name": "in all", "gigabytes": max(step["gigabytes"] for step in steps)} | sums


def named(row: Doc) -> int:
    """Return how many of a campaign's accounts a score's row says were named."""
    found: int = round(row["account_recall"] * row["accounts"])
    return found
