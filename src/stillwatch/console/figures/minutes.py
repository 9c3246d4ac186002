"""Decisions of the last hour: a bar for each minute, what changed something in its colour."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from markupsafe import Markup

from stillwatch.report import formatting
from stillwatch.report.figures.svg import element, figure, nice_ticks, text, titled

WIDTH, LEFT, RIGHT, TOP, TALL = 1000, 52, 988, 16, 84


def minutes_figure(rows: Sequence[Mapping[str, Any]]) -> Markup:
    """The figure; empty where nothing was decided. rows: of recent.minutes."""
    most = max((row["decisions"] for row in rows), default=0)
    if not most:
        return Markup("")
    ticks = nice_ticks(most, 2)
    step = (RIGHT - LEFT) / len(rows)
    parts = []
    for tick in ticks:
        y = TOP + TALL * (1 - tick / ticks[-1])
        kind = "axis" if tick == 0 else "grid"
        parts.append(element("line", x1=LEFT, x2=RIGHT, y1=y, y2=y, class_=kind))
        parts.append(text(LEFT - 6, y + 4, formatting.short(tick), "small quiet figures", "end"))
    for place, row in enumerate(rows):
        x = LEFT + place * step
        clock = f"{datetime.fromtimestamp(row['time'], UTC):%H:%M}"
        told = (
            f"{clock}: {formatting.plural(row['decisions'], 'decision')}, {row['acted']:,} changed "
            f"something, {row['refused']:,} not allowed"
        )
        tall, acted = (TALL * row[name] / ticks[-1] for name in ("decisions", "acted"))
        parts.append(
            element(
                "g",
                titled(told),
                element("rect", x=x, y=TOP + TALL - tall, width=step - 1, height=tall, class_="bar"),
                element("rect", x=x, y=TOP + TALL - acted, width=step - 1, height=acted, class_="f-identity"),
            )
        )
        if place % 10 == 0:
            parts.append(text(x, TOP + TALL + 16, clock, "small quiet figures"))
    name = f"Decisions of each of the last {len(rows)} minutes, at most {most:,}"
    head = text(LEFT + 4, TOP - 4, "decisions per minute", "small quiet")
    return figure(name, WIDTH, TOP + TALL + 22, head, *parts)
