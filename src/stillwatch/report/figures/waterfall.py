"""The evidence waterfall: mean nats that each facet adds for one account of the group."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

from stillwatch.report import formatting
from stillwatch.report.figures.svg import element, figure, nice_ticks, number, text, titled
from stillwatch.schema.codes import Adjustment

WIDTH, LEFT, RIGHT, ROW = 1000, 236, 770, 21


def waterfall(evidence: Sequence[dict[str, Any]], accounts: int, threshold: float | None) -> Markup:
    """Formation and held-out evidence apart, on one scale in nats (natural logarithm of the likelihood
    ratio), and the sum of both. evidence: rows of CampaignView.waterfall.
    """
    panels = [(role, [row for row in evidence if row["role"] == role]) for role in ("formation", "held-out")]
    panels = [(role, rows) for role, rows in panels if rows]
    if not panels:
        return Markup("")
    reach = max(max(_peaks(rows)) for _, rows in panels)
    ticks = nice_ticks(max(reach, threshold or 0.0, 1.0), 6)
    low = min(0.0, *(min(_peaks(rows)) for _, rows in panels))
    y, drawn = 0.0, []
    for role, rows in panels:
        block, y = _panel(
            role, rows, accounts, threshold if role == "formation" else None, _Scale(low, ticks[-1]), y
        )
        drawn.append(block)
    if len(panels) > 1:
        whole = sum(row["nats"] for row in evidence)
        drawn.append(text(RIGHT + 58, y + 10, formatting.nats(whole), "figures strong", "end"))
        drawn.append(
            text(LEFT, y + 10, "formation and held out together: the mean of the accounts' nats", "strong")
        )
        y += ROW
    axis, y = _axis(ticks, _Scale(low, ticks[-1]), y)
    sums = "; ".join(f"{role} {sum(row['nats'] for row in rows):.1f} nats" for role, rows in panels)
    return figure(f"Mean evidence for one account by facet: {sums}", WIDTH, y, *drawn, axis)


class _Scale:
    """From nats to a place on the line."""

    def __init__(self, low: float, high: float) -> None:
        self.low, self.high = low, high

    def __call__(self, nats: float) -> float:
        return LEFT + (RIGHT - LEFT) * (nats - self.low) / (self.high - self.low)


def _peaks(rows: list[dict[str, Any]]) -> list[float]:
    sums, total = [0.0], 0.0
    for row in rows:
        total += row["nats"]
        sums.append(total)
    return sums


def _panel(
    role: str, rows: list[dict[str, Any]], accounts: int, threshold: float | None, at: _Scale, top: float
) -> tuple[Markup, float]:
    title = "Formation: what linked the accounts" if role == "formation" else "Held out: what tested the link"
    parts = [text(0, top + 14, title, "panel")]
    y, total, family = top + 24, 0.0, ""
    for row in rows:
        if row["family"] != family:
            family = row["family"]
            parts.append(text(0, y + 14, family, f"t-{family} small"))
        parts.append(_bar(row, accounts, total, at, y))
        total += row["nats"]
        y += ROW
    parts.append(_total(total, at, y))
    if threshold is not None:
        x = at(threshold)
        parts.append(element("line", x1=x, x2=x, y1=top + 20, y2=y + ROW, class_="limit dashed"))
        parts.append(text(x + 4, top + 14, f"needed: {number(threshold)}", "small quiet"))
    return element("g", *parts), y + ROW + 14


def _bar(row: dict[str, Any], accounts: int, start: float, at: _Scale, y: float) -> Markup:
    end = start + row["nats"]
    left, right = sorted((at(start), at(end)))
    inside = f"it speaks for {formatting.count(row['accounts'])} of {formatting.plural(accounts, 'account')}"
    if row["keys"] is not None:
        inside += f", with {formatting.plural(row['keys'], 'shared key')}"
    keys = "" if row["keys"] is None else f" · {formatting.short(row['keys'])} keys"
    carried = f"{formatting.short(row['accounts'])}/{formatting.short(accounts)} acc{keys}"
    capped = row["kind"] == Adjustment.CAP
    inside = "what the limit of the family takes off or gives back" if capped else inside
    note = f"{formatting.named(row['facet'])}: {formatting.nats(row['nats'])} nats; {inside}"
    return element(
        "g",
        titled(note),
        text(86, y + 14, formatting.cut(formatting.named(row["facet"]), 24)),
        element("line", x1=LEFT, x2=RIGHT, y1=y + 10.5, y2=y + 10.5, class_="grid"),
        element(
            "rect",
            x=left,
            y=y + 3,
            width=max(1.0, right - left),
            height=15,
            class_=f"f-{row['family']}{' minus' if end < start else ''}",
        ),
        text(RIGHT + 58, y + 14, formatting.nats(row["nats"]), "figures", "end"),
        Markup("") if capped else text(RIGHT + 70, y + 14, carried, "small quiet"),
    )


def _total(total: float, at: _Scale, y: float) -> Markup:
    return element(
        "g",
        text(86, y + 14, "sum", "strong"),
        element(
            "rect",
            x=min(at(0), at(total)),
            y=y + 6,
            width=max(1.0, abs(at(total) - at(0))),
            height=9,
            class_="sum",
        ),
        text(RIGHT + 58, y + 14, formatting.nats(total), "figures strong", "end"),
        text(RIGHT + 70, y + 14, f"{formatting.e_value(total)} to 1", "small quiet"),
    )


def _axis(ticks: list[float], at: _Scale, y: float) -> tuple[Markup, float]:
    parts = [element("line", x1=LEFT, x2=RIGHT, y1=y, y2=y, class_="axis")]
    for tick in ticks:
        parts.append(element("line", x1=at(tick), x2=at(tick), y1=y, y2=y + 4, class_="axis"))
        parts.append(text(at(tick), y + 16, f"{tick:g}", "small quiet figures", "middle"))
    parts.append(text(RIGHT + 14, y + 16, "nats for one account", "small quiet"))
    return element("g", *parts), y + 22
