"""The benchmark's picture: campaigns by detector."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from benchmark_page.lines import Doc, Line, lines_of
from stillwatch.report.figures.svg import element, text

STYLE = (
    "text{font:12px system-ui,sans-serif;fill:#1b1b1b}.paper{fill:#fff}.field{fill:#1f6f8b}"
    "@media(prefers-color-scheme:dark){text{fill:#e4e4e4}.paper{fill:#15181b}.field{fill:#5cc0de}}"
)
TITLE = "Each campaign by each detector: how full is recall, how strong is precision"
SIDE, HIGH, LETTER, TOP = 46, 26, 7, 190
"""Width and height of a field, the approximate width of a letter, and where the fields begin."""


def picture(cells: Sequence[Doc]) -> str:
    """Draw an SVG document: campaigns down, detectors across.

    The fuller a field, the more of the campaign's accounts were named, whether precisely or not.
    """
    lines = {(f"{x.scenario}: {x.campaign}", x.detector): x for x in lines_of(cells)}
    rows, columns = list(dict.fromkeys(c for c, _ in lines)), list(dict.fromkeys(d for _, d in lines))
    left = 12 + LETTER * max(len(campaign) for campaign in rows)
    width, height = left + SIDE * len(columns) + 150, TOP + HIGH * len(rows) + 12
    parts: list[str | Markup] = [
        element("style", Markup(STYLE)),
        element("rect", x=0, y=0, width=width, height=height, class_="paper"),
    ]
    for i, detector in enumerate(columns):
        x = left + i * SIDE + SIDE / 2
        parts.append(element("text", detector, x=x, y=TOP - 8, transform=f"rotate(-40 {x:.0f} {TOP - 8})"))
    for j, campaign in enumerate(rows):
        parts.append(text(left - 8, TOP + j * HIGH + 17, campaign, anchor="end"))
        parts += [
            _field(lines.get((campaign, detector)), left + i * SIDE, TOP + j * HIGH)
            for i, detector in enumerate(columns)
        ]
    whole = element(
        "svg",
        element("title", TITLE),
        *parts,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {width} {height}",
        width=width,
        height=height,
        role="img",
    )
    return f"{whole}\n"


def _field(line: Line | None, x: float, y: float) -> Markup:
    """Draw one campaign by one detector: the filling is recall, the strength of the colour is precision."""
    recall, precision = (line.recall, line.precision) if line else (0.0, 0.0)
    words = (
        f"{line.detector}, {line.campaign}: recall {recall:.2f}, precision {precision:.2f}"
        if line
        else "not run"
    )
    track = element(
        "rect", x=x + 1, y=y + 1, width=SIDE - 2, height=HIGH - 2, class_="field", fill_opacity="0.08"
    )
    full = element(
        "rect",
        x=x + 1,
        y=y + 1,
        width=(SIDE - 2) * recall,
        height=HIGH - 2,
        class_="field",
        fill_opacity=f"{0.15 + 0.85 * precision:.2f}",
    )
    return element("g", element("title", words), track, full)
