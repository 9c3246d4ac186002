"""Where a client stands in a collection."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Source:
    """What is fetched: a collection under filters."""

    collection: str
    """Address of the collection, with a slash at its end."""
    filters: Mapping[str, str] = field(default_factory=dict)
    """Match filters by their name in an address, as match[type]."""


@dataclass(frozen=True)
class Place:
    """How far a source was fetched."""

    added_after: str = ""
    """All that was added up to this moment of the server is kept; empty: nothing yet."""
    next: str = ""
    """Cursor of the page to go on with; it holds with this `added_after` only. Empty: none."""
    seen: str = ""
    """When the last object was added that came since `added_after`; empty: none came."""


@dataclass(frozen=True)
class Arrived:
    """One page that came."""

    objects: tuple[Any, ...]
    """Its objects, unchecked: a stranger wrote them."""
    first_added: str
    """When its first object was added, as the server says; empty: it does not."""
    last_added: str
    """When its last one was added."""
