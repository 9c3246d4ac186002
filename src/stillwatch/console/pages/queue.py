"""The review queue: one case at a time beside the list of those that wait; the next comes by itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated
from urllib.parse import urlencode

import msgspec

from stillwatch.cases.case import Case
from stillwatch.cases.event_list import EventsWanted
from stillwatch.cases.listing import Order, Wanted
from stillwatch.cases.states import Kind, State
from stillwatch.console.choices import choices
from stillwatch.console.history import COLUMNS as EVENTS
from stillwatch.console.history import row_of as event_row
from stillwatch.console.page import Page
from stillwatch.console.pages.case import evidence_tables, file_or_fault
from stillwatch.console.recent_reasons import recent_reasons
from stillwatch.console.role import Role
from stillwatch.console.seen import Seen
from stillwatch.console.shown import Column, Rows, Shown
from stillwatch.console.then_and_now import differences

AT_ONCE = 40
"""Cases of the list beside."""
EVENTS_SHOWN = 6
EVERYBODYS, MINE, NOBODYS, REVIEWS = "", "mine", "nobody", "second reviews"
COLUMNS = (
    Column("id", "Case", link="/cases/{id}"),
    Column("kind", "Kind"),
    Column("state", "State"),
    Column("accounts", "Accounts", "count"),
    Column("assignee", "With"),
    Column("deadline", "Deadline", "time"),
    Column("tags", "Tags", "words"),
)


class Filters(msgspec.Struct):
    """What waits in the queue, and which case is in front; it stands in the URL."""

    who: str = EVERYBODYS
    kind: str = ""
    state: str = ""
    tag: str = ""
    overdue: bool = False
    case: Annotated[int, msgspec.Meta(ge=0, lt=2**31)] = 0
    after: Annotated[int, msgspec.Meta(ge=0)] = 0


def queue(seen: Seen) -> Shown:
    """Return the case that is next, or the one that the URL names, beside the list."""
    wanted: Filters = seen.filters
    cases = seen.doors.cases
    found = cases.listed(wanted_of(wanted, seen.user.name), first=wanted.after, most=AT_ONCE)
    here = [case.id for case in found.cases]
    case = _current(seen, wanted, found.cases)
    place = here.index(case.id) if case and case.id in here else -1
    after = here[place + 1] if place + 1 < len(here) else 0
    before = here[place - 1] if place > 0 else 0
    values = {
        "filters": msgspec.to_builtins(wanted),
        "kinds": [kind.value for kind in Kind],
        "states": [state.value for state in State if state is not State.CLOSED],
        "whose": [MINE, NOBODYS, REVIEWS],
        "waiting": found.total,
        "place": wanted.after + place + 1 if place >= 0 else 0,
        "case": case.document(seen.now) if case else None,
        "next": link(wanted, after) if after else _further(wanted, found.total, len(here), case),
        "previous": link(wanted, before) if before else "",
    }
    rows = [{column.name: getattr(one, column.name) for column in COLUMNS} for one in found.cases]
    tables = {"queue": Rows(COLUMNS, rows, "Cases that wait", found.total)}
    parts = {
        "listed": [(one, link(wanted, one.id)) for one in found.cases],
        "then": link(wanted, after),
        "same": link(wanted, case.id if case else 0),
        "reasons": recent_reasons(seen),
        "found": case,
        **_about(seen, case, tables),
    }
    return Shown("queue.html", values, tables, parts)


def link(filters: Filters, case: int) -> str:
    """Return the URL of the same queue with another case in front."""
    kept = {name: value for name, value in msgspec.to_builtins(filters).items() if value and name != "case"}
    if kept.get("overdue"):
        kept["overdue"] = "true"
    query = urlencode(kept | ({"case": str(case)} if case else {}))
    return f"/queue?{query}" if query else "/queue"


def wanted_of(filters: Filters, name: str) -> Wanted:
    """Return what filters ask the store for: cases neither closed nor resting, pressing ones first."""
    return Wanted(
        states=(filters.state,) if filters.state else (),
        kinds=(filters.kind,) if filters.kind else (),
        assignee={MINE: name, NOBODYS: ""}.get(filters.who),
        answerable_by=name if filters.who == REVIEWS else "",
        tags=(filters.tag,) if filters.tag else (),
        overdue=filters.overdue,
        working=True,
        order=Order.PRESSING,
    )


def _current(seen: Seen, wanted: Filters, listed: Sequence[Case]) -> Case | None:
    """The case that the URL names, as long as it waits; else the first one."""
    for case in listed:
        if case.id == wanted.case:
            return case
    if wanted.case:
        alone = seen.doors.cases.listed(Wanted(numbers=(wanted.case,), working=True), most=1)
        if alone.cases:
            return alone.cases[0]
    return listed[0] if listed else None


def _further(wanted: Filters, total: int, here: int, case: Case | None) -> str:
    """Where the list goes on after its last case."""
    if case is None or wanted.after + here >= total:
        return ""
    return link(msgspec.structs.replace(wanted, after=wanted.after + here), 0)


def _about(seen: Seen, case: Case | None, tables: dict[str, Rows]) -> dict[str, object]:
    """What the page shows of the case in front."""
    if case is None:
        return {"kept": None, "choices": None, "changed": [], "evidence_fault": ""}
    kept, fault = file_or_fault(seen, case)
    events = seen.doors.cases.events_found(EventsWanted(case.id), most=EVENTS_SHOWN)
    tables["events"] = Rows(EVENTS, [event_row(event) for event in events], "Last events", case.version)
    if kept:
        tables |= {name: rows for name, rows in evidence_tables(kept).items() if name != "accounts"}
    now = {**case.found, "accounts": case.accounts}
    return {
        "kept": kept,
        "evidence_fault": fault,
        "choices": choices(case, seen.user, seen.doors.cases.settings.second_person),
        "changed": differences(case.judged, now) if case.judged else [],
    }


PAGES = (Page("/queue", "Review", Role.VIEWER, queue, Filters, menu=2),)
