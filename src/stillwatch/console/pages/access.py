"""The access log: who signed in, who made whom a user, who looked at a text."""

from __future__ import annotations

from typing import Annotated

import msgspec

from stillwatch.console.access import log
from stillwatch.console.page import Page
from stillwatch.console.role import Role
from stillwatch.console.seen import Seen
from stillwatch.console.shown import Column, Rows, Shown
from stillwatch.console.templating import with_query

COLUMNS = (
    Column("seq", "Entry"),
    Column("time", "When", "time"),
    Column("actor", "Who"),
    Column("action", "What"),
    Column("subject", "About"),
    Column("reason", "Why"),
    Column("detail", "More", "words"),
)
AT_ONCE = 200
"""Entries of one page."""


class Filters(msgspec.Struct):
    """Which entries."""

    before: Annotated[int, msgspec.Meta(ge=0, lt=2**31)] = 0
    check: bool = False


def shown(seen: Seen) -> Shown:
    """Return the newest entries, and whether all of them hold where that was asked for."""
    wanted: Filters = seen.filters
    with seen.doors.cases.database.reading() as session:
        found = log.entries(session, before=wanted.before, most=AT_ONCE + 1, newest=True)
        faults = list(log.faults(session)) if wanted.check else None
    rows = [
        {
            **{column.name: getattr(entry, column.name) for column in COLUMNS},
            "detail": [f"{name} {value}" for name, value in sorted(entry.detail.items())],
        }
        for entry in found[:AT_ONCE]
    ]
    more = with_query("/access", seen.query, before=str(rows[-1]["seq"])) if len(found) > AT_ONCE else ""
    table = Rows(COLUMNS, rows, "Access log, the newest first", more=more)
    return Shown("access.html", {"faults": faults}, {"entries": table})


PAGES = (Page("/access", "Access", Role.ADMIN, shown, Filters, menu=91),)
