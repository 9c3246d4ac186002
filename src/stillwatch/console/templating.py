"""The templates: everything is escaped, and a name that is not there is an error."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from string import Formatter
from typing import Any
from urllib.parse import quote, urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from stillwatch import __version__
from stillwatch.console.run_called import run_called
from stillwatch.console.shown import Column
from stillwatch.console.static_files import address_of
from stillwatch.guard.moments import told
from stillwatch.plain import plain
from stillwatch.report import formatting


@cache
def environment() -> Environment:
    """Where the templates and their filters are."""
    made = Environment(
        loader=PackageLoader("stillwatch.console"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(
        moment=moment,
        count=formatting.count,
        short=formatting.short,
        percent=formatting.percent,
        plain=lambda value: plain(str(value)),
        cut=formatting.cut,
        coded=coded,
        run_called=run_called,
    )
    made.globals.update(
        static=address_of,
        version=__version__,
        plural=formatting.plural,
        linked=linked,
        cell=cell,
        with_query=with_query,
    )
    return made


def moment(seconds: float | None) -> Markup:
    """A time in UTC; the script of the page adds the viewer's own."""
    if seconds is None:
        return Markup('<span class="quiet">none</span>')
    text = told(seconds)
    return Markup('<time datetime="{}">{} {} UTC</time>').format(text, text[:10], text[11:16])


def coded(text: str) -> Markup:
    """A sentence of ours in which commands stand between backticks."""
    code, words = Markup("<code>{}</code>"), Markup("{}")
    parts = plain(text).split("`")
    marked = ((code if place % 2 else words).format(one) for place, one in enumerate(parts))
    return Markup("").join(marked)


def linked(column: Column, row: Mapping[str, Any]) -> str:
    """Where a cell leads; empty: nowhere, as where the row lacks what the address is made of."""
    if not column.link or row.get(column.name) in (None, ""):
        return ""
    if any(row.get(name) in (None, "") for _, name, _, _ in Formatter().parse(column.link) if name):
        return ""
    return column.link.format_map({name: quote(str(value), safe="") for name, value in row.items()})


def cell(column: Column, value: Any) -> Any:
    """A cell as a reader sees it."""
    if value is None or value == "":
        return ""
    if column.form == "time":
        return moment(value)
    if column.form == "count":
        return formatting.count(value)
    if column.form == "number":
        return f"{value:,.3g}" if isinstance(value, float) else f"{value:,}"
    if column.form == "words":
        return ", ".join(plain(str(one)) for one in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return plain(str(value))


def with_query(path: str, query: Mapping[str, tuple[str, ...]], **changed: str | None) -> str:
    """A path with the URL's own parameters, some of them changed, None: taken out."""
    kept = {name: list(values) for name, values in query.items() if name not in changed}
    kept |= {name: [value] for name, value in changed.items() if value is not None}
    return f"{path}?{urlencode(kept, doseq=True)}" if kept else path
