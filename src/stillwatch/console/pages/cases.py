"""Cases: the list."""

from __future__ import annotations

from typing import Annotated

import msgspec

from stillwatch.cases.case import Case
from stillwatch.cases.listing import LONGEST_PAGE, Order, Wanted
from stillwatch.cases.states import Kind, Outcome, State
from stillwatch.console.page import Page
from stillwatch.console.role import Role
from stillwatch.console.seen import Seen
from stillwatch.console.shown import Column, Rows, Shown
from stillwatch.console.templating import with_query

COLUMNS = (
    Column("id", "Case", link="/cases/{id}"),
    Column("kind", "Kind"),
    Column("state", "State"),
    Column("outcome", "Outcome"),
    Column("accounts", "Accounts", "count"),
    Column("assignee", "With"),
    Column("deadline", "Deadline", "time"),
    Column("tags", "Tags", "words"),
    Column("opened", "Opened", "time"),
    Column("updated", "Changed", "time"),
    Column("identity", "Campaign", "code", link="/campaigns/{identity}"),
)
AT_ONCE = 100
"""Cases of one page of the list."""


class Filters(msgspec.Struct):
    """What is listed; it stands in the URL."""

    state: str = ""
    kind: str = ""
    outcome: str = ""
    assignee: str = ""
    nobodys: bool = False
    tag: str = ""
    identity: str = ""
    overdue: bool = False
    working: bool = False
    order: str = str(Order.NEWEST)
    after: Annotated[int, msgspec.Meta(ge=0)] = 0
    most: Annotated[int, msgspec.Meta(ge=0, le=LONGEST_PAGE)] = 0


def listed(seen: Seen) -> Shown:
    """Return the cases that the filters let through, those that changed last first."""
    wanted: Filters = seen.filters
    most = wanted.most or (LONGEST_PAGE if seen.first("format") == "csv" else AT_ONCE)
    found = seen.doors.cases.listed(wanted_of(wanted), first=wanted.after, most=most)
    further = wanted.after + len(found.cases)
    more = with_query("/cases", seen.query, after=str(further)) if further < found.total else ""
    earlier = str(max(wanted.after - most, 0)) if wanted.after else None
    values = {
        "filters": msgspec.to_builtins(wanted),
        "states": [state.value for state in State],
        "kinds": [kind.value for kind in Kind],
        "outcomes": [outcome.value for outcome in Outcome],
        "orders": [order.value for order in Order],
        "earlier": with_query("/cases", seen.query, after=earlier) if earlier else "",
    }
    rows = [row_of(case) for case in found.cases]
    return Shown("cases.html", values, {"cases": Rows(COLUMNS, rows, "Cases", found.total, more)})


def wanted_of(filters: Filters) -> Wanted:
    """Return what filters ask the store for."""
    order = filters.order if filters.order in list(Order) else Order.NEWEST
    return Wanted(
        states=(filters.state,) if filters.state else (),
        kinds=(filters.kind,) if filters.kind else (),
        outcomes=(filters.outcome,) if filters.outcome else (),
        assignee="" if filters.nobodys else filters.assignee or None,
        tags=(filters.tag,) if filters.tag else (),
        overdue=filters.overdue,
        working=filters.working,
        identity=filters.identity,
        order=Order(order),
    )


def row_of(case: Case) -> dict[str, object]:
    """Return a case as a row of the list."""
    return {column.name: getattr(case, column.name) for column in COLUMNS}


PAGES = (Page("/cases", "Cases", Role.VIEWER, listed, Filters, menu=3),)
