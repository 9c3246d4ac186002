"""Which columns of a side table hold what, whatever their spelling."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from stillwatch.ingest.mapping import Mapping as ColumnMapping
from stillwatch.ingest.values import Row, inner

HEADERS = frozenset(
    ("headers", "requestheaders", "httprequestheaders", "reqheaders", "requestheader", "csheaders")
)
"""Columns that hold the headers of a request. Their names are the client's, so only a known one is read."""
MOST_COLUMNS = 2_000
"""Columns of a file that are looked at; more are a file of another kind."""
DEEPEST = 4
BETWEEN = "\x1e"
"""Between a column of headers and the name of a header."""


@lru_cache(8192)
def folded(name: str) -> str:
    """Return a column's name without case, spaces and marks, in one spelling."""
    return re.sub(r"[^a-z0-9]", "", name.lower()).replace("organization", "organisation")


def is_headers(name: str) -> bool:
    """Return whether a column holds the headers of a request."""
    return folded(name) in HEADERS


def paths_of(row: Row, before: str = "", depth: int = 0) -> Iterator[str]:
    """Return the names of a row's values, of nested objects (also as JSON text) as dotted paths."""
    for key, value in row.items():
        name = f"{before}{key}"
        if is_headers(name):
            yield name
            continue
        nested = inner(value) if isinstance(value, str) and value[:1] == "{" else value
        if isinstance(nested, dict) and depth < DEEPEST:
            yield from paths_of(nested, f"{name}.", depth + 1)
        else:
            yield name


def header_of(headers: Any, name: str) -> Any:
    """Return one header of an object, a list of pairs or of name and value, or a JSON text of either."""
    headers = inner(headers)
    if isinstance(headers, dict):
        return next((value for key, value in headers.items() if str(key).lower() == name), None)
    if not isinstance(headers, list):
        return None
    for pair in headers:
        if isinstance(pair, dict):
            pair = (pair.get("name", pair.get("key")), pair.get("value"))
        if isinstance(pair, list | tuple) and len(pair) == 2 and str(pair[0]).lower() == name:
            return pair[1]
    return None


class FoundColumns:
    """The columns of one file, by our names."""

    def __init__(self, aliases: Mapping[str, tuple[str, ...]], mapping: ColumnMapping | None) -> None:
        """aliases: our column to the names it may have; mapping: goes before them."""
        self._mapped = mapping.columns if mapping is not None else {}
        self.defaults: Mapping[str, Any] = mapping.defaults if mapping is not None else {}
        self.line = mapping.line if mapping is not None else ""
        self._aliases = {ours: names for ours, names in aliases.items() if ours not in self._mapped}
        self._seen: dict[str, None] = {}
        self._folded: dict[str, list[str]] = {}
        self._chosen: dict[str, list[str]] | None = None

    def see(self, name: str) -> None:
        """Take note of a column of the file."""
        if name not in self._seen and len(self._seen) < MOST_COLUMNS:
            self._seen[name] = None
            self._folded.setdefault(folded(name), []).append(name)
            self._chosen = None

    def chosen(self) -> dict[str, list[str]]:
        """Return our columns with those of the file that may hold them, the best first."""
        if self._chosen is None:
            found = {ours: self._found(names) for ours, names in self._aliases.items()}
            mapped = {ours: [path] for ours, path in self._mapped.items() if self._there(path)}
            self._chosen = {**mapped, **{ours: names for ours, names in found.items() if names}}
        return self._chosen

    def ignored(self, used: Mapping[str, str]) -> list[str]:
        """Return the columns that are not among the used ones."""
        taken = {name for names in used.values() for name in names.split(", ")}
        whole = {name.rpartition(".")[0] for name in taken}
        return [name for name in self._seen if name not in taken and name not in whole]

    @property
    def missing(self) -> list[str]:
        """Columns that the mapping names and the file, as far as it was read, lacks."""
        return [path for path in self._mapped.values() if self._seen and not self._there(path)]

    def _there(self, path: str) -> bool:
        return any(
            name == path or name.startswith(f"{path}.") or path.startswith(f"{name}.") for name in self._seen
        )

    def _found(self, names: tuple[str, ...]) -> list[str]:
        found: dict[str, None] = {}
        for name in names:
            if name.startswith("@"):
                for holder in self._seen:
                    if is_headers(holder):
                        found[f"{holder}{BETWEEN}{name[1:]}"] = None
            else:
                found.update(dict.fromkeys(self._folded.get(folded(name), ())))
        return list(found)
