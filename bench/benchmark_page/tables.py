"""Tables that several parts of the benchmark's page share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from benchmark_page.lines import OURS, Doc, leads, lines_of
from study.promises import exact

READ_AS = (
    "Recall of a campaign's accounts, precision in brackets, each detector at its own defaults. Bold "
    "where a baseline's F1 is higher than ours."
)


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table."""
    made = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in made) + "\n"


def recalled(right: int, accounts: int) -> str:
    """Return a share of accounts with its exact 95 % interval."""
    return "{:.3f} ({:.3f} to {:.3f})".format(right / accounts, *exact(right, accounts))


def several(values: Iterable[Any], form: str = "") -> str:
    """Return the different values, in order."""
    return ", ".join(format(value, form) for value in sorted(set(values)))


def rivals(cells: Sequence[Doc], at: str = "own") -> str:
    """Return the account recall of each detector on each campaign, with precision in brackets.

    It is bold if a baseline is ahead of ours.
    """
    lines = {(x.scenario, x.campaign, x.detector): x for x in lines_of(cells, at)}
    detectors = list(dict.fromkeys(detector for _, _, detector in lines))
    rows = []
    for scenario, campaign in dict.fromkeys((s, c) for s, c, _ in lines):
        ours = lines[scenario, campaign, OURS]
        row = [f"{scenario}: {campaign}"]
        for detector in detectors:
            line = lines.get((scenario, campaign, detector))
            words = "-" if line is None else f"{line.recall:.2f} ({line.precision:.2f})"
            row.append(f"**{words}**" if line is not None and leads(line, ours) else words)
        rows.append(row)
    return table(["campaign", *detectors], rows)


def how_often(days: int) -> str:
    """Return how often a watch searches, in words."""
    return "every day" if days == 1 else f"every {days} days"
