"""Cases opened and closed by week, as a figure in the report's style."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from markupsafe import Markup

from stillwatch.cases.trend import Week
from stillwatch.report.figures.svg import element, figure, nice_ticks, text, titled
from stillwatch.report.formatting import MONTHS, count

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 520, 172, 34, 516, 24, 148
GAP = 0.28
"""Share of a week's width that stays empty."""


def weeks_figure(weeks: Sequence[Week]) -> Markup:
    """The figure; nothing where no case was opened or closed."""
    most = max((max(week.opened, week.closed) for week in weeks), default=0)
    if not most:
        return Markup("")
    ticks = [tick for tick in nice_ticks(most, 3) if tick == int(tick)]
    high = ticks[-1] or 1.0
    broad = (RIGHT - LEFT) / len(weeks)
    opened, closed = sum(week.opened for week in weeks), sum(week.closed for week in weeks)
    name = (
        f"Cases by week, the last {len(weeks)} weeks: {count(opened)} opened, {count(closed)} closed. "
        f"This week: {count(weeks[-1].opened)} opened, {count(weeks[-1].closed)} closed."
    )
    return figure(
        name,
        WIDTH,
        HEIGHT,
        text(LEFT, 12, "opened", "small t-opened"),
        text(LEFT + 52, 12, "closed", "small t-closed"),
        *(_tick(tick, high) for tick in ticks),
        *(_week(week, LEFT + place * broad, broad, high) for place, week in enumerate(weeks)),
        *(
            _day(week, LEFT + (place + 0.5) * broad)
            for place, week in enumerate(weeks)
            if (len(weeks) - 1 - place) % 3 == 0
        ),
    )


def _y(value: float, high: float) -> float:
    return BOTTOM - (BOTTOM - TOP) * value / high


def _tick(tick: float, high: float) -> Markup:
    y = _y(tick, high)
    line = element("line", x1=LEFT, x2=RIGHT, y1=y, y2=y, class_="grid" if tick else "axis")
    return element("g", line, text(LEFT - 6, y + 4, count(tick), "small quiet", "end"))


def _week(week: Week, x: float, broad: float, high: float) -> Markup:
    wide = broad * (1 - GAP) / 2
    start = x + broad * GAP / 2
    words = f"Week of {_told(week)}: {count(week.opened)} opened, {count(week.closed)} closed"
    bars = [
        element(
            "rect",
            x=start + place * wide,
            y=_y(n, high),
            width=wide,
            height=BOTTOM - _y(n, high),
            class_=kind,
        )
        for place, (n, kind) in enumerate(((week.opened, "opened"), (week.closed, "closed")))
        if n
    ]
    whole = element("rect", x=x, y=TOP, width=broad, height=BOTTOM - TOP, class_="pane")
    return element("g", titled(words), whole, *bars)


def _day(week: Week, x: float) -> Markup:
    return text(x, BOTTOM + 16, _told(week), "small quiet", "middle")


def _told(week: Week) -> str:
    day = datetime.fromtimestamp(week.start, UTC)
    return f"{day.day} {MONTHS[day.month]}"
