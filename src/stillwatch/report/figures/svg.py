"""SVG elements as safe markup: every text and attribute is escaped."""

from __future__ import annotations

import math

from markupsafe import Markup, escape


def element(name: str, *children: str | Markup, **attributes: str | float | None) -> Markup:
    """One element. Underscores in attribute names become hyphens, a trailing one is dropped; None leaves the
    attribute out.
    """
    written = "".join(
        " "
        f'{key.rstrip("_").replace("_", "-")}="{_escaped(value) if isinstance(value, str) else number(value)}"'  # noqa: E501
        for key, value in attributes.items()
        if value is not None
    )
    inside = "".join(map(_escaped, children))
    return Markup(f"<{name}{written}>{inside}</{name}>" if children else f"<{name}{written}/>")  # noqa: S704 - names are literals, the rest is escaped


def _escaped(words: str) -> str:
    return str(escape(words))


def number(value: float) -> str:
    """A coordinate with one decimal at most."""
    return (
        f"{value:.1f}".removesuffix(".0").replace("-0", "0")
        if abs(value) < 0.05
        else f"{value:.1f}".removesuffix(".0")
    )


def figure(title: str, width: float, height: float, *children: str | Markup) -> Markup:
    """A picture with a name for those who cannot see it; it scales down to its column, never up."""
    return element(
        "svg",
        element("title", title),
        *children,
        viewBox=f"0 0 {number(width)} {number(height)}",
        width=width,
        height=height,
        role="img",
        class_="figure",
        aria_label=title,
    )


def text(x: float, y: float, words: str, class_: str | None = None, anchor: str | None = None) -> Markup:
    """One line of text."""
    return element("text", words, x=x, y=y, class_=class_, text_anchor=anchor)


def titled(words: str) -> Markup:
    """The tooltip of the element it stands in."""
    return element("title", words)


def nice_ticks(top: float, wanted: int = 4) -> list[float]:
    """Round numbers from 0 to at least `top`: steps of 1, 2 or 5 times a power of ten (Heckbert 1990, Nice
    numbers for graph labels).
    """
    if top <= 0:
        return [0.0, 1.0]
    rough = top / wanted
    magnitude = 10.0 ** math.floor(math.log10(rough))
    step = next(m * magnitude for m in (1, 2, 5, 10) if m * magnitude >= rough * 0.999)
    return [i * step for i in range(math.ceil(top / step - 1e-9) + 1)]
