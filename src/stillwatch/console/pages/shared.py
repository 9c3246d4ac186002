"""Shared intelligence: empty until indicators are exchanged."""

from __future__ import annotations

from stillwatch.console.page import Page
from stillwatch.console.role import Role
from stillwatch.console.seen import Seen
from stillwatch.console.shown import Column, Rows, Shown

COLUMNS = (Column("indicator", "Indicator"), Column("kind", "Kind"), Column("from", "From"))


def shared(_seen: Seen) -> Shown:
    """Return what was shared with others and by them: nothing yet."""
    return Shown("shared.html", {}, {"indicators": Rows(COLUMNS, [], "Indicators")})


PAGES = (Page("/shared", "Shared intelligence", Role.VIEWER, shared, menu=54),)
