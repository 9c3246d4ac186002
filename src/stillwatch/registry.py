"""Where formats, facets and signals are kept. Adding one is adding a file to its folder, which is scanned, or
an entry point of another package (docs/extending.md); no list is edited.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint
from typing import Any, Generic, TypeVar

from stillwatch import plugins
from stillwatch.errors import PluginError, StillwatchError
from stillwatch.plugins import Plugin

T = TypeVar("T")
KIND = "kind"
BINDS = ("held", KIND, "moment")
"""How a facet's keys join accounts."""
FAMILIES = ("network", "identity", "software", "rhythm", "content")
AXES = ("scale", "deception", "intent", "context")


class NameTaken(ValueError):
    """Two things of one kind have one name."""

    def __init__(self, kind: str, name: str) -> None:
        super().__init__(f"BUG: two {kind}s are called {name}")
        self.name = name


class Registry(Generic[T]):
    """Named things of one kind, kept sorted by name; a name can be taken once."""

    def __init__(self, kind: str, package: str, group: str = "") -> None:
        self.kind = kind
        self.package = package
        self.group = group
        """Group of entry points by which other packages bring theirs; empty: nobody does."""
        self._items: dict[str, T] = {}
        self._plugins: dict[str, Plugin] = {}
        self._scanned = False

    def add(self, name: str, item: T) -> None:
        """Keep an item. Raises NameTaken, a ValueError, if the name is taken."""
        if name in self._items:
            raise NameTaken(self.kind, name)
        self._items[name] = item

    def all(self) -> dict[str, T]:
        """Every item by name, sorted; at the first call the package's folder is scanned and plug-ins are
        loaded. Raises PluginError for one that is broken or takes a name that is taken.
        """
        if not self._scanned:
            package = importlib.import_module(self.package)
            for module in pkgutil.iter_modules(package.__path__, f"{self.package}."):
                importlib.import_module(module.name)
            for entry, plugin in plugins.found(self.group) if self.group else ():
                self._load(entry, plugin)
            self._scanned = True
        return dict(sorted(self._items.items()))

    def plugin(self, name: str) -> Plugin | None:
        """Whose an item is; None for Stillwatch's own."""
        return self._plugins.get(name)

    @contextmanager
    def blaming(self, name: str) -> Iterator[None]:
        """Around the work of an item: a fault of a plug-in is told as one. Raises PluginError."""
        try:
            yield
        except Exception as error:
            plugin = self._plugins.get(name)
            if plugin is None or isinstance(error, StillwatchError):
                raise
            raise plugins.failed(plugin, self.kind, name, error) from error

    def _load(self, entry: EntryPoint, plugin: Plugin) -> None:
        before = set(self._items)
        try:
            loaded = entry.load()
            if isinstance(loaded, Facet | Signal | Format) and self._items.get(entry.name) is not loaded:
                self.add(entry.name, loaded)  # type: ignore[arg-type]
        except NameTaken as taken:
            raise self._clash(taken.name, plugin, entry) from None
        except Exception as error:
            said = str(error) if str(error).isprintable() else ""
            raise plugins.broken(plugin, entry, f"{type(error).__name__}: {said}") from error
        if entry.name not in self._items:
            raise plugins.broken(plugin, entry, f"it registers no {self.kind} called {entry.name}")
        for name in {*self._items} - before | {entry.name}:
            if name in before and (self.plugin(name) or plugin) != plugin:
                raise self._clash(name, plugin, entry)
            if name in before and _home(self._items[name]) != entry.module.partition(".")[0]:
                raise self._clash(name, plugin, entry)
            self._plugins[name] = plugin

    def _clash(self, name: str, plugin: Plugin, entry: EntryPoint) -> PluginError:
        other = self._plugins.get(name)
        return PluginError(
            f"two {self.kind}s are called {name}: one of {other or 'Stillwatch itself'}, one of {plugin}",
            where=f"entry point {entry.name} = {entry.value} of {entry.group}",
            do=plugin.otherwise,
        )


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
    binds: str = KIND
    """How a key joins accounts.

    `held`: a thing that few can have (an address, a card). `kind`: what strangers with one program or habit
    share. `moment`: a time, which an event gives to strangers at different places.
    """


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
    """The score as a clause, with the query's columns in braces; see report.sentences.clauses."""
    example: dict[str, Any]
    """Rows that prove it: passed to the function by the generated test."""
    expect: dict[int, float]
    """The score that the example must give, for each group."""
    query: Callable[..., Any]
    """From the groups' tables to group, score, and the columns that `finding` names."""
    unless: dict[str, str] = field(default_factory=dict)
    """For columns: the clause to say instead where that column is 0 or not known. The first that fits."""
    shape: bool = False
    """For intent: whether it sees only how the traffic is shaped, not what it is for. Such signals strengthen
    a purpose that others show, and show none themselves."""


@dataclass(frozen=True)
class LogSetting:
    """A setting of the program that writes a log, with what the log lacks where it is off."""

    name: str
    """What the program calls it."""
    lacks: str
    """What is missing, as a noun in the plural."""
    do: str
    """What to set, in a sentence."""
    empty: tuple[str, ...] = ()
    """Columns of the requests that no row fills then; empty: `mended` tells it."""
    brings: tuple[str, ...] = ()
    """Columns of table exchanges that it can fill."""
    mended: str = ""
    """The reason under which reading counts what is missing, in place of an empty column."""
    unless: str = ""
    """A file beside the logs that tells the same: where it is given, nothing is said."""


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
    json_columns: tuple[str, ...] = field(default=())
    """Those of `wants` that hold JSON: rows of JSON lines are read as columns too. Empty: they are not."""
    outline: Any = field(default=None)
    """What differs from row to row (ingest.frames.outline.Inside), so that rows that are otherwise the same
    are read alike; None: each is read by itself.
    """
    spellings: tuple[str, ...] = field(default=())
    """Names of columns that a CSV or Parquet file may write in another case, with spaces or without
    underscores; empty: those of `wants`."""
    gather: Callable[..., Any] | None = field(default=None)
    """From the numbered rows of a file to numbered rows, where one call has several rows, which may be far
    apart: such a file is read from its start to its end by one process.
    """
    sample: str = field(default="")
    """A small file with invented values, as the system writes it."""
    gives: tuple[dict[str, Any], ...] = field(default=())
    """Columns of the requests that the sample must give: proved by the generated test."""
    facts: Callable[..., Any] | None = field(default=None)
    """From one row to what it tells other rows: key, name and fact. None: no row needs another."""
    family: str = field(default="")
    """Formats of one family look for facts in each other's files too."""
    settings: tuple[LogSetting, ...] = field(default=())
    """Settings of the writing program that would add what its logs often lack, the most telling first."""


FACETS: Registry[Facet] = Registry("facet", "stillwatch.facets", "stillwatch.facets")
SIGNALS: Registry[Signal] = Registry("signal", "stillwatch.signals", "stillwatch.signals")
FORMATS: Registry[Format] = Registry("format", "stillwatch.ingest.formats", "stillwatch.formats")


def plugins_in_use(formats: Iterable[str]) -> list[dict[str, str]]:
    """For run.json: the facets and signals of other packages, which every search asks, and those log formats
    of other packages that were read.
    """
    read = set(formats)
    kinds: tuple[tuple[Registry[Any], Iterable[str]], ...] = (
        (FACETS, FACETS.all()),
        (SIGNALS, SIGNALS.all()),
        (FORMATS, [name for name in FORMATS.all() if name in read]),
    )
    return [
        {"kind": kept.kind, "name": name, "distribution": plugin.distribution, "version": plugin.version}
        for kept, names in kinds
        for name in names
        if (plugin := kept.plugin(name)) is not None
    ]


def _home(item: Any) -> str:
    """The package that an item's function is of."""
    made = getattr(item, "query", None) or getattr(item, "read", None)
    return str(getattr(made, "__module__", "")).partition(".")[0]
