"""Parts of the page for a place that has a style of its own, as a notebook has: each brings the page's style,
held to its own element.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from markupsafe import Markup

from stillwatch.report.account import unknown
from stillwatch.report.page import context, environment, source
from stillwatch.report.section import sections
from stillwatch.run.reading import Run

INSIDE = "stillwatch"
"""Class of the element that the style is held to."""
TITLES = {
    "timeline": "exchanges and active accounts over time",
    "graph": "accounts and the keys that they share",
    "waterfall": "evidence for one account, facet by facet, in nats",
}
_RULE = re.compile(r"([^{}]+)\{")
_WHOLE_PAGE = (":root", "body", "html")
"""Selectors that mean the whole page."""


def overview(folder: Path) -> str:
    """The page's overview as HTML. Raises RunError."""
    values = context(Run(folder))
    return _boxed(environment().get_template("overview.html").render(**values, sections=values["campaigns"]))


def section(folder: Path, campaign: str) -> str:
    """A campaign's section of the page as HTML, with its figures. Raises RunError for an unknown name."""
    run = Run(folder)
    values = context(run)
    found = [row for row in run.rows("campaigns") if row["campaign"] == campaign]
    if not found:
        raise unknown(run, campaign)
    (made,) = sections(run, found, values["blind"], values["high"])
    return _boxed(environment().get_template("campaign.html").render(**values, section=made))


def pictures(folder: Path, campaign: str) -> dict[str, tuple[str, str]]:
    """A campaign's figures by name, each as a whole SVG document and a title. Raises RunError where there is
    no such campaign.
    """
    run = Run(folder)
    values = context(run)
    found = [row for row in run.rows("campaigns") if row["campaign"] == campaign]
    if not found:
        raise unknown(run, campaign)
    (made,) = sections(run, found, values["blind"], values["high"])
    drawn = {"timeline": made.timeline, "graph": made.graph, "waterfall": made.waterfall}
    return {name: (_document(svg), f"{campaign}: {TITLES[name]}") for name, svg in drawn.items()}


def _document(svg: Markup) -> str:
    """A figure that stands alone: with its name space, its style and a ground to be read on."""
    if not svg:
        return '<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>'
    head, rest = str(svg).split(">", 1)
    head = head.replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"', 1)
    head = head.replace('class="figure"', f'class="figure {INSIDE}"')
    return f"{head}><style>{held_style()} svg.{INSIDE} {{ padding: 0; margin: 0; }}</style>{rest}"


def _boxed(inside: str) -> str:
    return f'<div class="{INSIDE}"><style>{held_style()}</style>{inside}</div>'


@cache
def held_style() -> str:
    """The page's style, each rule held to elements of class INSIDE and what stands in them."""
    text = re.sub(r"/\*.*?\*/", "", source("style.css"), flags=re.DOTALL)
    return _RULE.sub(lambda rule: _held(rule.group(1)) + "{", text)


def _held(selectors: str) -> str:
    if selectors.strip().startswith("@"):
        return selectors
    lead = selectors[: len(selectors) - len(selectors.lstrip())]
    return lead + ", ".join(_inside(one.strip()) for one in selectors.split(",")) + " "


def _inside(selector: str) -> str:
    """One selector, inside; a rule of the whole page becomes one of the element."""
    if selector in _WHOLE_PAGE:
        return f".{INSIDE}"
    bare = selector.removeprefix("svg ")
    return f".{INSIDE} {selector}" if bare == selector else f".{INSIDE} {selector}, svg.{INSIDE} {bare}"
