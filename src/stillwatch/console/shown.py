"""What a page shows: values, tables and figures, and the template that lays them out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Form = Literal["text", "count", "number", "time", "words", "code"]


@dataclass(frozen=True)
class Column:
    """One column of a table."""

    name: str
    """Its name in rows, in JSON and in CSV."""
    title: str = ""
    """What stands above it; empty: its name."""
    form: Form = "text"
    """How a value is shown: count with thousands apart, time (POSIX seconds) in UTC, words as a list."""
    link: str = ""
    """Where a cell leads, with columns in braces, as in "/cases/{id}"; empty: nowhere."""

    @property
    def heading(self) -> str:
        """Return what stands above it."""
        return self.title or self.name.replace("_", " ")


@dataclass(frozen=True)
class Rows:
    """A table: the page shows it, JSON and CSV give it."""

    columns: tuple[Column, ...]
    """Its columns, in order."""
    rows: Sequence[Mapping[str, Any]]
    """Its rows; a row may hold more than the columns, which only the template sees."""
    caption: str = ""
    """What it is, for who cannot see it."""
    total: int | None = None
    """How many rows there are in all; None: these are all."""
    more: str = ""
    """The URL of the next rows; empty: there are no more."""


@dataclass(frozen=True)
class Download:
    """A file that a page has to give, with ?format=file."""

    name: str
    """Name under which a browser keeps it: letters, digits, dots and dashes."""
    text: str
    """What stands in it."""
    media_type: str = "application/json"
    """Its media type."""


@dataclass(frozen=True)
class Shown:
    """What a view found. `values` and `tables` are also the answer of ?format=json and of the API."""

    template: str
    """A file of console/templates that extends base.html."""
    values: Mapping[str, Any] = field(default_factory=dict)
    """What the template shows, each by its name; nothing that JSON cannot hold."""
    tables: Mapping[str, Rows] = field(default_factory=dict)
    """Tables by name."""
    parts: Mapping[str, Any] = field(default_factory=dict)
    """What only the template needs: figures, objects with methods. Never in JSON."""
    title: str = ""
    """Title of the page; empty: the name of the page."""
    file: Download | None = None
    """A file that it has to give; None: it has none."""
