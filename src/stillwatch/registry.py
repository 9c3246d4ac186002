"""Where formats, facets and signals are kept. Adding one is adding a file to its folder; the folder is
scanned, no list is edited.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

T = TypeVar("T")
FAMILIES = ("network", "identity", "software", "rhythm", "content")
AXES = ("scale", "deception", "intent", "context")


class Registry(Generic[T]):
    """Named things of one kind, kept sorted by name; a name can be taken once."""

    def __init__(self, kind: str, package: str) -> None:
        self.kind = kind
        self.package = package
        self._items: dict[str, T] = {}
        self._scanned = False

    def add(self, name: str, item: T) -> None:
        """Keep an item. Raises ValueError if the name is taken."""
        if name in self._items:
            raise ValueError(f"BUG: two {self.kind}s are called {name}")
        self._items[name] = item

    def all(self) -> dict[str, T]:
        """Every item by name, sorted; the package's folder is scanned at the first call."""
        if not self._scanned:
            package = importlib.import_module(self.package)
            for module in pkgutil.iter_modules(package.__path__, f"{self.package}."):
                importlib.import_module(module.name)
            self._scanned = True
        return dict(sorted(self._items.items()))


@dataclass(frozen=True)
class Facet:
    """One way accounts leave marks."""

    name: str
    """Its name: that of its function and its file."""
    family: str
    """network, identity, software, rhythm or content."""
    sees: str
    """What it sees, in a sentence."""
    blind_spots: str
    """Where it is wrong or sees nothing."""
    needs: tuple[str, ...]
    """Columns it reads, as table.column."""
    label: str
    """The kind in table `labels` that its values are shown as; empty: the value itself is shown."""
    anchor: bool
    """Whether its keys may be anchors."""
    sparse: bool
    """Whether most values belong to one account alone, so that shared ones are worth finding first."""
    scales: int
    """Nested scales at which one mark is told; its keys share the weight of one."""
    show: Callable[[int], str] | None
    """How a value that has no label is shown to an analyst."""
    query: Callable[..., Any]
    """From the tables to rows (account, value, second), one for each mark left."""


@dataclass(frozen=True)
class Signal:
    """A named, documented test that gives evidence about a group."""

    name: str
    """Its name: that of its function and its file."""
    axis: str
    """scale, deception, intent, or context where it only explains."""
    sees: str
    """What it sees, in a sentence."""
    blind_spots: str
    """Where it is wrong or sees nothing."""
    needs: tuple[str, ...]
    """Columns it reads, as table.column."""
    weight: float
    """How much of its axis it may carry alone, 0 to 1; negative: it exonerates."""
    finding: str
    """The score as a clause, with the query's columns in braces; see report.sentences.wording."""
    example: dict[str, Any]
    """Rows that prove it: passed to the function by the generated test."""
    expect: dict[int, float]
    """The score that the example must give, for each group."""
    query: Callable[..., Any]
    """From the groups' tables to group, score, and the columns that `finding` names."""
    unless: dict[str, str] = field(default_factory=dict)
    """For columns: the clause to say instead where that column is 0 or not known. The first that fits."""


@dataclass(frozen=True)
class Format:
    """One log format."""

    name: str
    """Its name on the command line."""
    title: str
    """What it is, for the reader."""
    source: str
    """Where the format is specified."""
    suffixes: tuple[str, ...]
    """File suffixes it may have, compression left off."""
    detect: Callable[..., float]
    """From a Sample (kind of file, column names, first rows) to how sure it is, 0 to 1."""
    read: Callable[..., Any]
    """From one row and a Context to its requests, or reasons to quarantine them."""
    blind_spots: str = field(default="")
    """What the format cannot carry."""
    columns: Callable[..., Any] | None = field(default=None)
    """From an Arrow batch to columns of requests, for Parquet; None: rows are read one by one."""
    wants: tuple[str, ...] = field(default=())
    """Parquet columns it reads; empty: all."""


FACETS: Registry[Facet] = Registry("facet", "stillwatch.facets")
SIGNALS: Registry[Signal] = Registry("signal", "stillwatch.signals")
FORMATS: Registry[Format] = Registry("format", "stillwatch.ingest.formats")
