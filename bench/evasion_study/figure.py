"""The frontier of an evasion study as SVG: what is found against what it costs, one panel per campaign.

All knobs together are shown separately.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from stillwatch.report.figures.svg import element, text, titled

WIDTH, LEFT, PLOT, APART, TALL, TOP, STEP = 1000, 52, 560, 170, 170, 64, 262
NAMES = LEFT + PLOT + 8
SECOND = NAMES + 150
TICKS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000)
DASHES = (None, "6 3", "2 3", "9 3 2 3", "1 4")
STYLE = """
:root { --paper: #fcfcf9; --ink: #1d2126; --quiet: #5a626b; --grid: #e6e7e0; --network: #0b63a5; --identity: #b0431a; --software: #17745a;
  --rhythm: #846000; --content: #83458a; --volume: #9c1f2e; --time: #5a626b; --all: #1d2126; }
@media (prefers-color-scheme: dark) { :root { --paper: #14171a; --ink: #e2e5e8; --quiet: #9da6af; --grid: #262b30; --network: #74b2ec;
  --identity: #f0926c; --software: #62c5a2; --rhythm: #dcb04e; --content: #cd9ad4; --volume: #ff9d9d; --time: #9da6af; --all: #e2e5e8; } }
text { font: 11px system-ui, sans-serif; fill: var(--ink); font-variant-numeric: tabular-nums; }
.quiet { fill: var(--quiet); } .name { font-size: 13px; font-weight: 600; } .paper { fill: var(--paper); }
.grid { stroke: var(--grid); } .axis { stroke: var(--quiet); } .half { stroke: var(--quiet); stroke-dasharray: 2 2; }
.line { fill: none; stroke-width: 1.75; } .leader { stroke: var(--quiet); stroke-opacity: .4; stroke-width: .75; }
"""


@dataclass(frozen=True)
class Point:
    """One setting of a knob."""

    setting: str
    """off, low, middle or high."""
    cost: float
    """Cost of an exchange harvested, as a multiple of that without evasion."""
    recall: float
    """Share of the campaign's accounts that are found."""
    low: float
    """Lower end of its interval."""
    high: float
    """Upper end."""


@dataclass(frozen=True)
class Line:
    """One knob's points, from off on."""

    knob: str
    """Its name."""
    family: str
    """Its family, which gives the colour."""
    points: tuple[Point, ...]
    """In the order of the settings."""


def frontier(panels: dict[str, tuple[Sequence[Line], Line | None]], title: str) -> str:
    """Draw the figure as an SVG document.

    For each campaign it takes the single knobs, and all of them together or None.
    """
    tall = TOP + STEP * len(panels) - 20
    singles = [point.cost for lines, _ in panels.values() for line in lines for point in line.points]
    alls = [point.cost for _, line in panels.values() if line for point in line.points]
    families = list(dict.fromkeys(line.family for lines, _ in panels.values() for line in lines))
    legend = [
        element("text", name, x=LEFT + 150 + 62 * i, y=38, style=f"fill: var(--{name})")
        for i, name in enumerate(families)
    ]
    parts = [
        element("style", Markup(STYLE)),
        element("rect", x=0, y=0, width=WIDTH, height=tall, class_="paper"),
        text(LEFT, 20, title, "name"),
        text(LEFT, 38, "colour: what a knob hides", "quiet"),
        *legend,
    ]
    for row, (campaign, (lines, together)) in enumerate(panels.items()):
        parts.append(_panel(campaign, lines, _Scale.of(singles, LEFT, LEFT + PLOT), TOP + STEP * row))
        if together:
            scale = _Scale.of(alls, SECOND + 24, SECOND + 24 + APART)
            parts.append(_panel("all knobs together", [together], scale, TOP + STEP * row, named=False))
    root = element(
        "svg",
        titled(title),
        *parts,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {WIDTH} {tall}",
        width=WIDTH,
        height=tall,
        role="img",
    )
    return str(root) + "\n"


@dataclass(frozen=True)
class _Scale:
    low: float
    high: float
    left: float
    right: float

    @staticmethod
    def of(costs: Sequence[float], left: float, right: float) -> _Scale:
        return _Scale(min([*costs, 1.0]) / 1.05, max([*costs, 1.5]) * 1.05, left, right)

    def x(self, cost: float) -> float:
        return self.left + (self.right - self.left) * math.log(cost / self.low) / math.log(
            self.high / self.low
        )


def _panel(name: str, lines: Sequence[Line], scale: _Scale, top: float, *, named: bool = True) -> Markup:
    base = lines[0].points[0].recall if lines else 0.0
    parts = [text(scale.left, top + 8, name, "name"), *_frame(scale, top + 18)]
    half = _y(base / 2, top + 18)
    parts.append(
        element(
            "line",
            titled("half of what is found without evasion"),
            x1=scale.left,
            x2=scale.right,
            y1=half,
            y2=half,
            class_="half",
        )
    )
    seen: dict[str, int] = {}
    for line in lines:
        seen[line.family] = seen.get(line.family, -1) + 1
        parts.append(_line(line, DASHES[seen[line.family] % len(DASHES)], scale, top + 18))
    if named and lines:
        parts += _names(lines, scale, top + 18)
    return element("g", *parts)


def _frame(scale: _Scale, top: float) -> list[Markup]:
    parts = []
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        y = _y(share, top)
        parts.append(
            element(
                "line", x1=scale.left, x2=scale.right, y1=y, y2=y, class_="axis" if share == 0 else "grid"
            )
        )
        parts.append(text(scale.left - 6, y + 4, f"{share:.0%}", "quiet", "end"))
    ticks = [tick for tick in TICKS if scale.low <= tick <= scale.high]
    for tick in ticks:
        x = scale.x(tick)
        parts.append(element("line", x1=x, x2=x, y1=top, y2=top + TALL + 4, class_="grid"))
        parts.append(text(x, top + TALL + 17, f"{tick:g}", "quiet", "middle"))
    caption = (
        "accounts found, against the cost of an exchange harvested as a multiple of that without evasion"
        if scale.right - scale.left > 300
        else "cost"
    )
    parts.append(text(scale.left, top + TALL + 33, caption, "quiet"))
    return parts


def _y(recall: float, top: float) -> float:
    return top + TALL * (1 - recall)


def _line(line: Line, dash: str | None, scale: _Scale, top: float) -> Markup:
    places = [(scale.x(point.cost), _y(point.recall, top), point) for point in line.points]
    colour = f"stroke: var(--{line.family})"
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y, _ in places)
    parts = [element("polyline", points=path, class_="line", style=colour, stroke_dasharray=dash)]
    for x, y, point in places[1:]:
        words = (
            f"{line.knob} {point.setting}: {point.recall:.0%} found ({point.low:.0%} to "
            f"{point.high:.0%}) at {point.cost:.2f} times the cost"
        )
        low, high = _y(point.low, top), _y(point.high, top)
        parts.append(element("line", x1=x, x2=x, y1=low, y2=high, style=f"{colour}; stroke-opacity: .35"))
        parts.append(element("circle", titled(words), cx=x, cy=y, r=3, style=f"fill: var(--{line.family})"))
    return element("g", *parts)


def _names(lines: Sequence[Line], scale: _Scale, top: float) -> list[Markup]:
    """Write the knobs' names beside the panel, in the order of their ends, as near to them as they fit."""
    parts = []
    ends = sorted(
        ((_y(line.points[-1].recall, top), line) for line in lines), key=lambda end: (end[0], end[1].knob)
    )
    step = min(12.0, (TALL + 24) / len(ends))
    y = top - 12.0
    for place, (end, line) in enumerate(ends):
        y = min(max(y + step, end + 4), top + TALL + 12 - step * (len(ends) - 1 - place))
        x = scale.x(line.points[-1].cost)
        parts.append(element("line", x1=x + 4, x2=NAMES - 3, y1=end, y2=y - 4, class_="leader"))
        parts.append(element("text", line.knob, x=NAMES, y=y, style=f"fill: var(--{line.family})"))
    return parts
