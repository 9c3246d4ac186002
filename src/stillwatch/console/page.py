"""A page: what a GET shows, to a browser and to a program."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from stillwatch.console.role import Role
from stillwatch.console.seen import Seen
from stillwatch.console.shown import Shown

RARE = 50
"""From this place on, pages of the menu are looked at now and then, and stand below "More"."""


@dataclass(frozen=True)
class Page:
    """One page. It is served as HTML at `path`; as JSON with ?format=json and below /api/v1; one table as CSV
    with ?table=NAME&format=csv.
    """

    path: str
    """Its path, as Starlette has it: /cases/{number:int}."""
    name: str
    """What it is called: in titles, in the menu, in OpenAPI."""
    role: Role
    """The least role that may see it."""
    view: Callable[[Seen], Shown]
    """Finds what it shows; runs in a thread. Errors of errors.py become pages."""
    filters: type[msgspec.Struct] | None = None
    """Parameters in its URL: a struct all of whose fields have defaults; None: it takes none."""
    menu: int = 0
    """Its place in the menu, from 1; from RARE on below "More"; 0: it is not in the menu."""
