"""The overview: what needs somebody now."""

from __future__ import annotations

from collections import Counter

from stillwatch.cases.case import Case
from stillwatch.cases.states import State
from stillwatch.console.page import Page
from stillwatch.console.role import Role
from stillwatch.console.seen import Seen
from stillwatch.console.shown import Column, Rows, Shown

MOST = 25
"""Cases that are listed as needing somebody."""
COLUMNS = (
    Column("id", "Case", link="/cases/{id}"),
    Column("why", "Why now"),
    Column("kind", "Kind"),
    Column("state", "State"),
    Column("accounts", "Accounts", "count"),
    Column("assignee", "With"),
    Column("deadline", "Deadline", "time"),
    Column("updated", "Changed", "time"),
)


def overview(seen: Seen) -> Shown:
    """Return what needs somebody now, and how many cases there are of each state."""
    cases = seen.doors.cases.all()
    needed = sorted(
        ((why, case) for case in cases if (why := _why(case, seen))),
        key=lambda one: (_ORDER[one[0]], one[1].updated),
    )
    states = Counter(case.state for case in cases)
    rows = [
        {
            "id": case.id,
            "why": why,
            "kind": case.kind,
            "state": case.state,
            "accounts": case.accounts,
            "assignee": case.assignee,
            "deadline": case.deadline,
            "updated": case.updated,
        }
        for why, case in needed[:MOST]
    ]
    values = {
        "states": {state.value: states.get(state.value, 0) for state in State},
        "waiting": len(needed),
        "mine": sum(case.assignee == seen.user.name and case.state != State.CLOSED for case in cases),
        "cases": len(cases),
        "runs": len(seen.doors.runs.all()),
    }
    return Shown(
        "overview.html", values, {"needed": Rows(COLUMNS, rows, "What needs somebody now", len(needed))}
    )


_ORDER = {
    "deadline passed": 0,
    "appeal to answer": 1,
    "second person needed": 2,
    "nobody has it": 3,
    "yours": 4,
}


def _why(case: Case, seen: Seen) -> str:
    """Why a case needs somebody now; empty where it does not."""
    if case.state == State.CLOSED:
        return ""
    if case.overdue(seen.now):
        return "deadline passed"
    if case.snoozed(seen.now):
        return ""
    if case.state == State.APPEALED:
        return "appeal to answer"
    if case.state == State.SECOND_REVIEW:
        return "second person needed" if case.proposed_by != seen.user.name else ""
    if case.assignee == seen.user.name:
        return "yours"
    return "" if case.assignee else "nobody has it"


PAGES = (Page("/", "Overview", Role.VIEWER, overview, menu=1),)
