"""The timeline: exchanges, and accounts active, over time, with releases and bans marked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from markupsafe import Markup

from stillwatch.report import formatting
from stillwatch.report.bans import gathered
from stillwatch.report.figures.svg import element, figure, nice_ticks, number, text, titled

WIDTH, LEFT, RIGHT = 1000, 52, 988
LANES, LANE, VOLUME, GAP, ACTIVE = 4, 14, 120, 20, 40
BUCKETS = (1, 2, 3, 6, 12, 24, 48, 168, 336, 672, 1344)
"""Lengths of a bar, in hours."""
STEPS = (1, 3, 6, 12, 24, 48, 120, 168, 336, 672, 1344, 2688, 5376)
"""Distances of the ticks below the line, in hours."""
MOST_BARS = 150
EPOCH = datetime(1970, 1, 5, tzinfo=UTC)
"""A Monday: bars and ticks of a week begin on one."""


@dataclass(frozen=True)
class Bar:
    """Volume in one stretch of time."""

    start: datetime
    """Its beginning."""
    exchanges: int
    """Exchanges in it."""
    accounts: int
    """The most accounts active in one of its hours."""


@dataclass(frozen=True)
class _Time:
    first: datetime
    last: datetime

    def x(self, time: datetime) -> float:
        span = (self.last - self.first) / timedelta(hours=1)
        return LEFT + (RIGHT - LEFT) * ((time - self.first) / timedelta(hours=1)) / span

    def width(self, hours: int) -> float:
        return (RIGHT - LEFT) * hours / ((self.last - self.first) / timedelta(hours=1))


def bucket_hours(first: datetime, last: datetime) -> int:
    """The shortest bar that keeps their number at or under MOST_BARS."""
    hours = (last - first) / timedelta(hours=1)
    return next((b for b in BUCKETS if hours / b <= MOST_BARS), BUCKETS[-1])


def bars(rows: Sequence[dict[str, Any]], hours: int) -> list[Bar]:
    """Hourly rows put together into bars of so many hours."""
    found: dict[datetime, tuple[int, int]] = {}
    for row in rows:
        start = _floor(row["time"], hours)
        exchanges, accounts = found.get(start, (0, 0))
        found[start] = (exchanges + row["exchanges"], max(accounts, row["accounts"]))
    return [Bar(start, *found[start]) for start in sorted(found)]


def timeline(
    rows: Sequence[dict[str, Any]],
    marks: Sequence[dict[str, Any]],
    period: tuple[datetime | None, datetime | None],
) -> Markup:
    """The figure. `period` is the run's: shown whole, so that campaigns compare, unless this one fills less
    than a sixth of it.
    """
    if not rows:
        return Markup("")
    time, hours = _time(rows, period)
    drawn = bars(rows, hours)
    unit = (
        "hour"
        if hours == 1
        else "day"
        if hours == 24
        else f"{hours} hours"
        if hours < 48
        else f"{hours // 24} days"
    )
    labels, lanes = _marks(gathered(_inside(marks, time), time.last - time.first), time)
    top = lanes * LANE + 12
    below = top + VOLUME + GAP
    name = (
        f"Exchanges per {unit} from {formatting.minute(rows[0]['time'])} to "
        f"{formatting.minute(rows[-1]['time'])} UTC"
    )
    return figure(
        name,
        WIDTH,
        below + ACTIVE + 24,
        _ticks_x(time, top, below + ACTIVE),
        _panel(drawn, f"exchanges per {unit}", time, hours, top),
        _active(
            drawn,
            "accounts active" if hours == 1 else "accounts active in the busiest hour",
            time,
            hours,
            below,
        ),
        element("g", *(_mark(mark, x, lane, top, below + ACTIVE) for mark, x, lane in labels)),
    )


def _floor(time: datetime, hours: int) -> datetime:
    since = int((time - EPOCH) // timedelta(hours=hours))
    return EPOCH + timedelta(hours=since * hours)


def shown_marks(
    rows: Sequence[dict[str, Any]],
    marks: Sequence[dict[str, Any]],
    period: tuple[datetime | None, datetime | None],
) -> list[dict[str, Any]]:
    """The releases and bans that fall within the figure."""
    return _inside(marks, _time(rows, period)[0]) if rows else []


def _inside(marks: Sequence[dict[str, Any]], time: _Time) -> list[dict[str, Any]]:
    return [mark for mark in marks if time.first <= mark["time"] <= time.last]


def _time(
    rows: Sequence[dict[str, Any]], period: tuple[datetime | None, datetime | None]
) -> tuple[_Time, int]:
    """The time shown, and the hours of a bar."""
    first, last = _window(rows, period)
    hours = bucket_hours(first, last)
    return _Time(_floor(first, hours), _floor(last, hours) + timedelta(hours=hours)), hours


def _window(
    rows: Sequence[dict[str, Any]], period: tuple[datetime | None, datetime | None]
) -> tuple[datetime, datetime]:
    first, last = rows[0]["time"], rows[-1]["time"] + timedelta(hours=1)
    if (
        period[0] is not None
        and period[1] is not None
        and period[0] <= first
        and 6 * (last - first) >= period[1] - period[0]
    ):
        return period[0], max(period[1], last)
    margin = max((last - first) * 0.1, timedelta(hours=2))
    return first - margin, last + margin


def _panel(drawn: list[Bar], label: str, time: _Time, hours: int, top: float) -> Markup:
    ticks = nice_ticks(max(bar.exchanges for bar in drawn), 4)
    width = max(0.8, time.width(hours) - 0.8)
    parts = [_line(tick, top + VOLUME * (1 - tick / ticks[-1])) for tick in ticks]
    for bar in drawn:
        tall = VOLUME * bar.exchanges / ticks[-1]
        note = titled(
            f"{formatting.minute(bar.start)}: {formatting.plural(bar.exchanges, 'exchange')}, "
            f"{formatting.plural(bar.accounts, 'account')}"
        )
        parts.append(
            element(
                "rect",
                note,
                x=time.x(bar.start),
                y=top + VOLUME - tall,
                width=width,
                height=tall,
                class_="bar",
            )
        )
    return element("g", *parts, text(LEFT + 4, top - 3, label, "small quiet"))


def _active(drawn: list[Bar], label: str, time: _Time, hours: int, top: float) -> Markup:
    most = nice_ticks(max(bar.accounts for bar in drawn), 2)[-1]
    width = max(0.8, time.width(hours) - 0.8)
    path = "".join(
        f"M{number(time.x(bar.start))} "
        f"{number(top + ACTIVE)}v{number(-ACTIVE * bar.accounts / most)}h{number(width)}V{number(top + ACTIVE)}z"  # noqa: E501
        for bar in drawn
    )
    lines = [_line(tick, top + ACTIVE * (1 - tick / most)) for tick in (0.0, most)]
    return element(
        "g", *lines, element("path", d=path, class_="bar"), text(LEFT + 4, top - 3, label, "small quiet")
    )


def _line(tick: float, y: float) -> Markup:
    line = element("line", x1=LEFT, x2=RIGHT, y1=y, y2=y, class_="axis" if tick == 0 else "grid")
    return element("g", line, text(LEFT - 6, y + 4, formatting.short(tick), "small quiet figures", "end"))


def _ticks_x(time: _Time, top: float, bottom: float) -> Markup:
    hours = (time.last - time.first) / timedelta(hours=1)
    step = next((s for s in STEPS if hours / s <= 9), STEPS[-1])
    at = _floor(time.first, step)
    parts = []
    while at <= time.last:
        if at >= time.first:
            x = time.x(at)
            parts.append(element("line", x1=x, x2=x, y1=top, y2=bottom + 4, class_="grid"))
            label = f"{at.day} {formatting.MONTHS[at.month]}" + (f" {at.hour:02d}:00" if step < 24 else "")
            parts.append(
                text(x, bottom + 17, label, "small quiet figures", "end" if x > RIGHT - 24 else "middle")
            )
        at += timedelta(hours=step)
    return element("g", *parts)


def _marks(
    marks: Sequence[dict[str, Any]], time: _Time
) -> tuple[list[tuple[dict[str, Any], float, int]], int]:
    """Each mark with its place and the first lane in which its label collides with none."""
    ends: list[float] = [-1.0] * LANES
    placed = []
    for mark in marks:
        x = time.x(mark["time"])
        left, right = _reach(mark, x)
        lane = next((i for i, end in enumerate(ends) if left > end), LANES - 1)
        ends[lane] = max(ends[lane], right)
        placed.append((mark, x, lane))
    return placed, max((lane + 1 for _, _, lane in placed), default=0)


def _label(mark: dict[str, Any]) -> str:
    return formatting.cut(
        str(mark["label"])
        if mark["kind"] != "ban" or "ban" in str(mark["label"])
        else f"ban: {mark['label']}",
        36,
    )


def _reach(mark: dict[str, Any], x: float) -> tuple[float, float]:
    width = 6.3 * len(_label(mark)) + 12
    return (x - width, x) if x + width > RIGHT else (x, x + width)


def _mark(mark: dict[str, Any], x: float, lane: int, top: float, bottom: float) -> Markup:
    y = lane * LANE + 11
    left, _ = _reach(mark, x)
    kind = "ban" if mark["kind"] == "ban" else "release"
    return element(
        "g",
        titled(
            f"{mark['kind']}: {formatting.cut(str(mark['label']), 120)}, {formatting.minute(mark['time'])} "
            "UTC"
        ),
        element("line", x1=x, x2=x, y1=y - 9, y2=bottom, class_=f"mark {kind}"),
        text(x - 4 if left < x else x + 4, y, _label(mark), f"small m-{kind}", "end" if left < x else None),
        class_="m",
    )
