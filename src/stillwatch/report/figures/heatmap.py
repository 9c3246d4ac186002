"""The heat map: accounts by the telling keys that they carry, in the order of the graph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from stillwatch.report import formatting
from stillwatch.report.figures import graph
from stillwatch.report.figures.svg import element, figure, number, text, titled

WIDTH, LEFT, TOP, FOOT, ROW = 1000, 190, 6, 162, 12
CELL = 26
"""The most that a column is wide."""
LEVELS = 3
"""Shades of a cell: by how much of the account's traffic carries the key."""


def heatmap(
    links: Sequence[dict[str, Any]], ids: Mapping[int, str], most: tuple[int, int] = graph.ROOMY
) -> Markup:
    """The figure: a row for each account, a column for each key; ids: what an account is shown as. A cell is
    the darker the more exchanges of the account carry the key, compared with its most carried one.
    """
    keys, accounts = graph.ordered(links, most)
    if not keys:
        return Markup("")
    uses = {(row["account"], row["facet"], row["key"]): row["n"] for row in links}
    most_used = {account: max(uses.get((account, t.facet, t.key), 0) for t in keys) for account in accounts}
    width = min(CELL, (WIDTH - LEFT) / len(keys))
    bottom = TOP + ROW * len(accounts)
    rows = [
        text(
            LEFT - 8,
            TOP + ROW * (i + 0.5) + 4,
            formatting.cut(ids.get(a, formatting.key(a)), 26),
            "small",
            "end",
        )
        for i, a in enumerate(accounts)
    ]
    columns = [
        _column(trace, LEFT + width * i, width, bottom, _cells(trace, accounts, uses, most_used))
        for i, trace in enumerate(keys)
    ]
    frame = element(
        "rect", x=LEFT, y=TOP, width=width * len(keys), height=ROW * len(accounts), class_="ground"
    )
    name = f"Heat map of {len(accounts)} accounts and {len(keys)} keys"
    return figure(name, WIDTH, bottom + FOOT, frame, element("g", *columns), element("g", *rows))


def _cells(
    trace: graph.Trace,
    accounts: Sequence[int],
    uses: Mapping[tuple[int, str, int], int],
    most_used: Mapping[int, int],
) -> dict[int, list[int]]:
    """The rows of the accounts that carry a key, by shade from 1."""
    shades: dict[int, list[int]] = {}
    for i, account in enumerate(accounts):
        n = uses.get((account, trace.facet, trace.key), 0)
        if n:
            shade = min(LEVELS, 1 + n * LEVELS // (most_used[account] + 1))
            shades.setdefault(shade, []).append(i)
    return shades


def _column(
    trace: graph.Trace, x: float, width: float, bottom: float, shades: Mapping[int, list[int]]
) -> Markup:
    """One key: a path for each shade, and its name below, turned."""
    paths = [
        element(
            "path",
            d="".join(
                f"M{number(x + 0.5)} {number(TOP + ROW * first)}h{number(width - 1)}v{ROW * n}"
                f"h{number(1 - width)}z"
                for first, n in _runs(rows)
            ),
            class_=f"f-{trace.family} shade{shade}",
        )
        for shade, rows in sorted(shades.items())
    ]
    words = formatting.cut(formatting.labelled(trace.facet, trace.label), 24)
    middle = x + width / 2
    name = element(
        "text",
        words,
        class_=f"small t-{trace.family}",
        text_anchor="end",
        transform=f"translate({number(middle + 3)} {number(bottom + 8)}) rotate(-60)",
    )
    told = (
        f"{formatting.labelled(trace.facet, trace.label, 160)}; carried by "
        f"{formatting.plural(len(trace.carriers), 'linked account')}"
    )
    return element("g", titled(told), *paths, name)


def _runs(rows: Sequence[int]) -> list[tuple[int, int]]:
    """Rows one below the other as one: the first, and how many."""
    found: list[tuple[int, int]] = []
    for row in rows:
        if found and found[-1][0] + found[-1][1] == row:
            found[-1] = (found[-1][0], found[-1][1] + 1)
        else:
            found.append((row, 1))
    return found
