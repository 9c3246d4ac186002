"""The heat map of hours and days: when a group's accounts work, as one sees shifts, nights and weekends."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from markupsafe import Markup

from stillwatch.report import formatting
from stillwatch.report.figures.svg import element, figure, number, text, titled

WIDTH, LEFT, TOP, ROW = 1000, 52, 8, 9
MOST_DAYS = 120
"""Columns; of more days several share one."""
LEVELS = 6
"""Shades of a cell."""
WIDEST = 34


def hours(rows: Sequence[dict[str, Any]]) -> Markup:
    """The figure: a column for each day, a row for each hour of the day (UTC), the darker the more exchanges.
    rows: of table timeline.
    """
    if not rows:
        return Markup("")
    first = min(row["time"] for row in rows).astimezone(UTC).date()
    last = max(row["time"] for row in rows).astimezone(UTC).date()
    together = -(-((last - first).days + 1) // MOST_DAYS)
    columns = (last - first).days // together + 1
    cells = _cells(rows, first, together)
    width = min(WIDEST, (WIDTH - LEFT) / columns)
    most = max(cells.values())
    bottom = TOP + 24 * ROW
    ground = element("rect", x=LEFT, y=TOP, width=width * columns, height=24 * ROW, class_="ground")
    drawn = [
        element("g", *(_cell(first, together, cells, column, hour, width, most) for hour in range(24)))
        for column in range(columns)
    ]
    marks = [
        text(LEFT - 8, TOP + (hour + 0.5) * ROW + 4, f"{hour:02d}:00", "small quiet figures", "end")
        for hour in range(0, 24, 6)
    ]
    name = (
        f"Exchanges by hour of the day and day, {formatting.day(_noon(first))} to "
        f"{formatting.day(_noon(last))}; at most {formatting.count(most)} in a cell"
    )
    return figure(
        name, WIDTH, bottom + 20, ground, *drawn, *marks, *_days(first, together, columns, width, bottom)
    )


def busiest(rows: Sequence[dict[str, Any]]) -> str:
    """What the heat map shows, in a sentence; empty without rows."""
    by_hour = [0] * 24
    for row in rows:
        by_hour[row["time"].astimezone(UTC).hour] += row["exchanges"]
    total = sum(by_hour)
    if not total:
        return ""
    night = min(range(24), key=lambda start: sum(by_hour[(start + i) % 24] for i in range(8)))
    quiet = sum(by_hour[(night + i) % 24] for i in range(8))
    return (
        f"In the quietest eight hours of the day, {night:02d}:00 to {(night + 8) % 24:02d}:00 UTC, "
        f"{formatting.percent(quiet / total)} of its exchanges happen; even use would give 33%."
    )


def _cells(rows: Sequence[dict[str, Any]], first: date, together: int) -> dict[tuple[int, int], int]:
    cells: dict[tuple[int, int], int] = {}
    for row in rows:
        time: datetime = row["time"].astimezone(UTC)
        place = ((time.date() - first).days // together, time.hour)
        cells[place] = cells.get(place, 0) + row["exchanges"]
    return cells


def _cell(
    first: date,
    together: int,
    cells: dict[tuple[int, int], int],
    column: int,
    hour: int,
    width: float,
    most: int,
) -> Markup:
    exchanges = cells.get((column, hour), 0)
    if not exchanges:
        return Markup("")
    shade = min(LEVELS, 1 + int(LEVELS * (exchanges / most) ** 0.5 * 0.999))
    day = first + timedelta(days=column * together)
    told = f"{formatting.day(_noon(day))}, {hour:02d}:00: {formatting.plural(exchanges, 'exchange')}"
    return element(
        "rect",
        titled(told),
        x=LEFT + column * width,
        y=TOP + hour * ROW,
        width=max(width - 1, 0.8),
        height=ROW - 1,
        class_=f"heat{shade}",
    )


def _days(first: date, together: int, columns: int, width: float, bottom: float) -> list[Markup]:
    step = next(step for step in (1, 2, 7, 14, 28, 56, 112) if step * width >= 52 or step == 112)
    found = []
    for column in range(0, columns, step):
        day = first + timedelta(days=column * together)
        x = LEFT + column * width
        found.append(element("path", d=f"M{number(x)} {number(bottom)}v5", class_="axis"))
        found.append(text(x, bottom + 16, f"{day.day} {formatting.MONTHS[day.month]}", "small quiet figures"))
    return found


def _noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
