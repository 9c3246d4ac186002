"""A second look: rows that need what other rows of the file say, or rows of the files beside it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from stillwatch.errors import InputError
from stillwatch.ingest.elsewhere import Wanting
from stillwatch.ingest.files.rows import rows_of
from stillwatch.ingest.quarantine import BadRow
from stillwatch.ingest.request import Numbered
from stillwatch.ingest.source import Source
from stillwatch.registry import FORMATS
from stillwatch.settings import IngestSettings

MOST_KEYS = 250_000
"""Keys of one file that are looked up."""
MOST_FACTS = 10_000
"""Facts of one key that are held: a client may name the key of its rows."""
MOST_FACTS_IN_ALL = 1_000_000
"""Facts of all keys together that are held."""
BESIDE_BYTES = 256 * 2**20
"""Bytes of the files beside that are read for one file, or four times its own size, whichever is more."""
SHAPES = (AttributeError, KeyError, IndexError, TypeError, ValueError, OverflowError, RecursionError, BadRow)
Facts = dict[str, dict[str, Any]]


class SecondLook:
    """Rows of one file that wait, and what they wait for."""

    def __init__(self, source: Source, settings: IngestSettings) -> None:
        self.rows: set[int] = set()
        """Numbers of the rows that wait."""
        self.left: Counter[str] = Counter()
        """Rows for which no look was had, by reason."""
        self._keys: set[str] = set()
        self._whole: set[str] = set()
        self._open: set[str] = set()
        self._held = 0
        self._source = source
        self._settings = settings

    def want(self, row: int, wanting: Wanting) -> None:
        """Let a row wait for the facts that it wants."""
        self.rows.add(row)
        if len(self._keys) < MOST_KEYS:
            self._keys.update(wanting.keys)
            (self._whole if wanting.all_of_them else self._open).update(wanting.keys)
        elif not self._keys.issuperset(wanting.keys):
            self.left["too many traces in one file to look for all of their other rows"] += 1

    def found(self) -> Facts:
        """Return the facts by key, from this file and then from those beside it while some are missing: of a
        key all facts are wanted, or those that there are do not settle whose calls they tell of.
        """
        facts: Facts = {}
        self._gather(self._source, facts)
        budget = max(BESIDE_BYTES, 4 * _size(self._source))
        for source in self._source.beside:
            budget -= _size(source)
            if budget < 0 or not self._missing(facts):
                break
            self._gather(source, facts)
        return facts

    def _missing(self, facts: Facts) -> bool:
        """Return whether a file beside may still say what is wanted."""
        self._open = {key for key in self._open if not settled(facts.get(key, {}))}
        return bool(self._whole or self._open) and self._held < MOST_FACTS_IN_ALL

    def held(self) -> Numbered:
        """Return the rows that waited, with their numbers."""
        for number, row in self._rows(self._source):
            if number in self.rows:
                yield number, row

    def _rows(self, source: Source) -> Numbered:
        return rows_of(source.path, source.compression, self._settings, source.view)

    def _gather(self, source: Source, facts: Facts) -> None:
        for key, name, fact in self._facts(source):
            if key in self._keys:
                known = facts.setdefault(key, {})
                if name in known or len(known) >= MOST_FACTS:
                    continue
                if self._held >= MOST_FACTS_IN_ALL:
                    self.left["more spans of the traces than are held: the others are not looked at"] += 1
                    return
                known[name] = fact
                self._held += 1

    def _facts(self, source: Source) -> Iterator[tuple[str, str, Any]]:
        tell = FORMATS.all()[source.format].facts
        if tell is None:
            return
        try:
            for _, row in self._rows(source):
                if not isinstance(row, dict):
                    continue
                try:
                    yield from tell(row)
                except SHAPES:
                    continue  # the row is counted where its own file is read
        except InputError:
            return  # a file beside that cannot be opened is refused where it is read itself


def settled(facts: dict[str, Any]) -> bool:
    """Return whether the facts of a key say whose calls they tell of.

    All spans around must be there, since a client may name a trace of somebody else. A fact that is an object
    holds nothing but the account.
    """
    return any(getattr(fact, "names_account", True) for fact in facts.values()) and all(
        not parent or parent in facts for fact in facts.values() for parent in [getattr(fact, "parent", "")]
    )


def _size(source: Source) -> int:
    try:
        return source.path.stat().st_size
    except OSError:
        return 0
