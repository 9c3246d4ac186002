"""Bars for scores from 0 to 1: the three axes of a verdict, and a signal beside its peers."""

from __future__ import annotations

from markupsafe import Markup

from stillwatch.report.figures.svg import element, figure, titled

AXES = ("scale", "deception", "intent")


def three(scores: tuple[float, float, float], high: float) -> Markup:
    """Three thin bars, one above the other, with the line from which an axis is high."""
    words = ", ".join(f"{axis} {score:.2f}" for axis, score in zip(AXES, scores, strict=True))
    bars = []
    for row, (axis, score) in enumerate(zip(AXES, scores, strict=True)):
        y = 1 + row * 8
        bars.append(element("rect", x=0, y=y, width=84, height=6, class_="track"))
        bars.append(
            element(
                "rect",
                titled(f"{axis} {score:.2f}"),
                x=0,
                y=y,
                width=84 * _unit(score),
                height=6,
                class_=_strength(score, high),
            )
        )
    line = element("line", x1=84 * high, x2=84 * high, y1=0, y2=25, class_="limit")
    return figure(words, 84, 25, *bars, line)


def one(score: float, high: float) -> Markup:
    """One axis as a broad bar."""
    bar = element("rect", x=0, y=3, width=180 * _unit(score), height=10, class_=_strength(score, high))
    line = element("line", x1=180 * high, x2=180 * high, y1=0, y2=16, class_="limit")
    return figure(
        f"{score:.2f} of 1; high from {high:.2f}",
        180,
        16,
        element("rect", x=0, y=3, width=180, height=10, class_="track"),
        bar,
        line,
    )


def beside_peers(score: float, peers: float | None) -> Markup:
    """A signal's score as a bar, its peers' as a tick."""
    parts = [
        element("rect", x=0, y=4, width=90, height=8, class_="track"),
        element("rect", x=0, y=4, width=90 * _unit(score), height=8, class_="bar"),
    ]
    words = f"score {score:.2f}"
    if peers is not None:
        x = 90 * _unit(peers)
        words += f", peers {peers:.2f}"
        parts.append(element("line", x1=x, x2=x, y1=1, y2=15, class_="peers"))
    return figure(words, 90, 16, *parts)


def stacked(parts: dict[str, float], top: float) -> Markup:
    """One account's nats by family, end to end; negative ones are left out."""
    x, bars = 0.0, []
    for family, nats in parts.items():
        if nats <= 0:
            continue
        width = 96 * nats / top
        bars.append(element("rect", x=x or None, width=width, class_=f"f-{family or 'other'}"))
        x += width
    words = ", ".join(f"{family or 'other'} {nats:.1f}" for family, nats in parts.items())
    return element("svg", titled(words), *bars, class_="stack", role="img")


def _unit(score: float) -> float:
    return min(1.0, max(0.0, score))


def _strength(score: float, high: float) -> str:
    return "bar strong" if score >= high else "bar"
