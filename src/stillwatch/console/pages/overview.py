"""The overview: what to do next, then how it goes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from stillwatch.cases.case import Case
from stillwatch.cases.listing import Order, Wanted, counted, listed
from stillwatch.cases.precision import Precision, Share, precision_in
from stillwatch.cases.searching import cases_of
from stillwatch.cases.states import State
from stillwatch.cases.trend import Week, weeks
from stillwatch.cases.words import folded
from stillwatch.console.page import Page
from stillwatch.console.remedy_now import remedy_now
from stillwatch.console.role import Role
from stillwatch.console.run_in_short import run_in_short
from stillwatch.console.seen import Seen
from stillwatch.console.shown import Column, Rows, Shown
from stillwatch.console.weeks_figure import weeks_figure
from stillwatch.report import formatting

SHOWN = 5
"""Cases of each sort that the page names; the queue has them all."""
LATE = "Deadline passed"
LOOKED_AT = 25
"""Cases among which those of nobody and of this person come first where the deadline has passed."""
WEEKS = 13
NOT_IN_REVIEW = tuple(str(one) for one in State if one not in (State.SECOND_REVIEW, State.CLOSED))
"""States in which a case waits for whom it is with."""
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
BY_WEEK = (Column("week", "Week from", "time"), Column("opened", "Opened"), Column("closed", "Closed"))
PRECISION = (
    Column("by", "By"),
    Column("name", "Which"),
    Column("decided", "Decided", "count"),
    Column("overturned", "Overturned", "count"),
    Column("told", "In words"),
)
SORTS = {
    "all": "all verdicts",
    "verdict": "verdict",
    "kind": "kind of case",
    "signal": "signal that carried it",
}


@dataclass(frozen=True)
class Sort:
    """Cases that need this person for one reason."""

    why: str
    """The reason, as a heading."""
    what: str
    """What to do about them."""
    see: str
    """The queue with them only."""
    next: str
    """The most pressing one, in a few words; empty where there is none."""
    total: int
    """How many there are."""
    cases: tuple[Case, ...]
    """The most pressing ones."""


def overview(seen: Seen) -> Shown:
    """Return what needs this person now, trends, precision, and the newest run in short."""
    run = run_in_short(seen.doors.runs.newest())
    remedy = remedy_now(seen)
    with seen.doors.cases.database.reading() as session:
        sorts = _sorts(session, seen)
        counts = counted(session, seen.now)
        by_week = weeks(session, seen.now, WEEKS)
        precision = precision_in(session)
        known = cases_of(session, [alarm["identity"] for alarm in run.alarms]) if run and run.alarms else {}
    begin = next_of(sorts, seen.user.name)
    values: dict[str, Any] = {
        "first": begin.cases[0].id if begin else 0,
        "waiting": {sort.why: sort.total for sort in sorts},
        "states": dict(counts.by_state),
        "open_by_kind": dict(counts.open_by_kind),
        "outcomes": dict(counts.by_outcome),
        "working": counts.working,
        "nobodys": counts.nobodys,
        "overdue": counts.overdue,
        "oldest": counts.oldest,
        "precision": precision_in_words(precision),
        "run": run.document() if run else None,
        "remediation": remedy.document(),
    }
    rows = [_row(sort.why, case) for sort in sorts for case in sort.cases]
    tables = {
        "needed": Rows(COLUMNS, rows, "What needs somebody now", sum(sort.total for sort in sorts)),
        "weeks": Rows(BY_WEEK, [_week(week) for week in by_week], "Cases by week"),
        "precision": Rows(
            PRECISION, [_share(one) for one in precision.shares], "How often people overturned"
        ),
    }
    parts = {
        "begin": begin,
        "sorts": [sort for sort in sorts if sort.total],
        "figure": weeks_figure(by_week),
        "remedy": remedy,
        "alarms": [(alarm, known.get(alarm["identity"], 0)) for alarm in run.alarms] if run else [],
    }
    return Shown("overview.html", values, tables, parts)


def next_of(sorts: Sequence[Sort], name: str) -> Sort | None:
    """Return the sort with whose first case this person begins: one that another works on comes last."""
    there = [sort for sort in sorts if sort.cases]
    late = [sort for sort in there if sort.why == LATE and _anothers(sort.cases[0], name)]
    return next((sort for sort in [*(one for one in there if one not in late), *late]), None)


def precision_in_words(precision: Precision) -> str:
    """Return the product's own precision in the field, as sentences."""
    whole = next((one for one in precision.shares if one.by == "all"), None)
    if whole is None:
        are = "is" if precision.closed == 1 else "are"
        closed = f"{formatting.plural(precision.closed, 'case')} {are} closed"
        return f"{closed}, and none says whether the verdict was right."
    return f"{share_in_words(whole)} {_undecided(precision)}".strip()


def share_in_words(share: Share) -> str:
    """Return how often verdicts of one sort were overturned, with what the interval means."""
    told = (
        f"{formatting.count(share.overturned)} of {formatting.plural(share.decided, 'decided case')} "
        f"{'was' if share.overturned == 1 else 'were'} overturned ({formatting.percent(share.share)})."
    )
    low, high = formatting.percent(share.low), formatting.percent(share.high)
    few = " That is too few to say more." if share.decided < FEW else ""
    return f"{told} The true share lies between {low} and {high}, with 95 % confidence.{few}"


FEW = 10
"""Decided cases below which a share says little."""


def _undecided(precision: Precision) -> str:
    if not precision.undecided:
        return ""
    many = formatting.plural(precision.undecided, "closed case")
    return f"{many} {'says' if precision.undecided == 1 else 'say'} nothing about the verdict."


def _sorts(session: Session, seen: Seen) -> list[Sort]:
    """What needs this person, the most pressing reason first. A case may stand under two of them."""
    name = seen.user.name
    asked: list[tuple[str, str, str, str, dict[str, Any]]] = [
        (
            LATE,
            "Decide, or set another deadline.",
            "/queue?overdue=true",
            "case {}, whose deadline has passed",
            {"overdue": True},
        ),
        (
            "Appeals",
            "Look at the decision again, and answer.",
            f"/queue?state={State.APPEALED}",
            "the appeal in case {}",
            {"states": (str(State.APPEALED),), "working": True},
        ),
        (
            "Yours",
            "You took them.",
            "/queue?who=mine",
            "case {}, which is yours",
            # A second review waits for another person.
            {"assignee": name, "working": True, "states": NOT_IN_REVIEW},
        ),
        (
            "Nobody's",
            "Take one.",
            "/queue?who=nobody",
            "case {}, which is nobody's",
            {"assignee": "", "working": True},
        ),
    ]
    if seen.user.may(Role.APPROVER):
        there, review = "/queue?who=second+reviews", {"answerable_by": name, "working": True}
        words = "the second review of case {}"
        asked.insert(2, ("Second reviews", "Agree or disagree.", there, words, review))
    sorts = []
    for why, what, see, words, wanted in asked:
        most = LOOKED_AT if why == LATE else SHOWN
        found = listed(session, Wanted(order=Order.PRESSING, **wanted), seen.now, most=most)
        cases = sorted(found.cases, key=lambda case: bool(wanted.get("overdue")) and _anothers(case, name))
        following = words.format(cases[0].id) if cases else ""
        sorts.append(Sort(why, what, see, following, found.total, tuple(cases[:SHOWN])))
    return sorts


def _anothers(case: Case, name: str) -> bool:
    return bool(case.assignee) and folded(case.assignee) != folded(name)


def _row(why: str, case: Case) -> dict[str, Any]:
    return {"why": why} | {
        column.name: getattr(case, column.name) for column in COLUMNS if column.name != "why"
    }


def _week(week: Week) -> dict[str, Any]:
    return {"week": week.start, "opened": week.opened, "closed": week.closed}


def _share(share: Share) -> dict[str, Any]:
    return {
        "by": SORTS[share.by],
        "name": formatting.named(share.name),
        "decided": share.decided,
        "overturned": share.overturned,
        "told": share_in_words(share),
    }


PAGES = (Page("/", "Overview", Role.VIEWER, overview, menu=1),)
