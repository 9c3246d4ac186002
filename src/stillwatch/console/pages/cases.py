"""Cases: the list, one case, and a note on it."""

from __future__ import annotations

from typing import Annotated

import msgspec

from stillwatch.cases.case import Case
from stillwatch.cases.states import Kind, State
from stillwatch.console.act import Act
from stillwatch.console.done import Done
from stillwatch.console.not_there import NotThere
from stillwatch.console.page import Page
from stillwatch.console.role import Role
from stillwatch.console.seen import Seen
from stillwatch.console.shown import Column, Rows, Shown
from stillwatch.console.templating import with_query
from stillwatch.errors import CaseError

COLUMNS = (
    Column("id", "Case", link="/cases/{id}"),
    Column("kind", "Kind"),
    Column("state", "State"),
    Column("outcome", "Outcome"),
    Column("accounts", "Accounts", "count"),
    Column("identity", "Campaign", "code"),
    Column("assignee", "With"),
    Column("tags", "Tags", "words"),
    Column("opened", "Opened", "time"),
    Column("updated", "Changed", "time"),
)
EVENTS = (
    Column("seq", "Event"),
    Column("time", "When", "time"),
    Column("actor", "Who"),
    Column("action", "What"),
    Column("reason", "Why"),
    Column("changed", "Changed", "words"),
)
AT_ONCE = 100
"""Cases of one page of the list."""


class Filters(msgspec.Struct):
    """What is listed; it stands in the URL."""

    state: str = ""
    kind: str = ""
    assignee: str = ""
    tag: str = ""
    after: Annotated[int, msgspec.Meta(ge=0)] = 0


class NoteFields(msgspec.Struct):
    """A note."""

    text: Annotated[str, msgspec.Meta(min_length=1, max_length=4_000)]


def listed(seen: Seen) -> Shown:
    """Return the cases that the filters let through, those that changed last first."""
    wanted: Filters = seen.filters
    found = [case for case in seen.doors.cases.all() if _let_through(case, wanted)]
    found.sort(key=lambda case: (-case.updated, case.id))
    rows = [{column.name: getattr(case, column.name) for column in COLUMNS} for case in found]
    here = rows[wanted.after : wanted.after + AT_ONCE]
    further = wanted.after + AT_ONCE
    more = with_query("/cases", seen.query, after=str(further)) if further < len(rows) else ""
    values = {
        "filters": msgspec.to_builtins(wanted),
        "states": [state.value for state in State],
        "kinds": [kind.value for kind in Kind],
    }
    return Shown("cases.html", values, {"cases": Rows(COLUMNS, here, "Cases", len(rows), more)})


def one(seen: Seen) -> Shown:
    """Return one case with its events."""
    case = case_of(seen)
    events = seen.doors.cases.events(case.id)
    rows = [
        {
            "seq": event.seq,
            "time": event.time,
            "actor": event.actor,
            "action": str(event.action),
            "reason": event.reason,
            "changed": sorted(event.new),
        }
        for event in reversed(events)
    ]
    return Shown(
        "case.html",
        {"case": case.document(seen.now)},
        {"events": Rows(EVENTS, rows, "Events")},
        {"found": case},
        title=f"Case {case.id}",
    )


def case_of(seen: Seen) -> Case:
    """Return the case that the path names. Raises NotThere where there is none."""
    number = seen.path["number"]
    try:
        if number < 2**31:
            return seen.doors.cases.show(number)
    except CaseError as error:
        if error.where != "CASE":
            raise
    raise NotThere(f"there is no case {number}", where="the address", do="see the list of cases")


def note(seen: Seen, fields: NoteFields) -> Done:
    """Write a note on a case."""
    case = seen.doors.cases.note(case_of(seen).id, fields.text, by=seen.user.name)
    return Done(f"/cases/{case.id}", "The note is kept.", {"case": case.id, "version": case.version})


def _let_through(case: Case, wanted: Filters) -> bool:
    return (
        (not wanted.state or case.state == wanted.state)
        and (not wanted.kind or case.kind == wanted.kind)
        and (not wanted.assignee or case.assignee == wanted.assignee)
        and (not wanted.tag or wanted.tag in case.tags)
    )


PAGES = (
    Page("/cases", "Cases", Role.VIEWER, listed, Filters, menu=3),
    Page("/cases/{number:int}", "Case", Role.VIEWER, one),
)
ACTS = (Act("/cases/{number:int}/note", "Write a note", Role.ANALYST, NoteFields, note),)
