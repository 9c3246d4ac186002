"""Which cases a person wants to see, in which order, a page at a time; the database does the choosing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from stillwatch.cases.case import Case
from stillwatch.cases.models import CaseRow, IdentityRow, TagRow
from stillwatch.cases.states import Kind, State
from stillwatch.cases.store import Store
from stillwatch.cases.words import folded

LONGEST_PAGE = 1_000
"""Cases of one page at most."""


class Order(StrEnum):
    """In which order cases are listed."""

    NUMBER = "number"
    """By number."""
    NEWEST = "newest"
    """What changed last first."""
    PRESSING = "pressing"
    """Deadlines first, the nearest before all; then victims, whom somebody robs; then by accounts."""


@dataclass(frozen=True)
class Wanted:
    """Which cases; what is empty or None does not matter."""

    states: Sequence[str] = ()
    """In one of these states."""
    kinds: Sequence[str] = ()
    """Of one of these kinds."""
    outcomes: Sequence[str] = ()
    """Closed with one of these outcomes."""
    assignee: str | None = None
    """Of this person, whatever the name's case and spaces; empty: of nobody."""
    tags: Sequence[str] = ()
    """With all of these tags."""
    overdue: bool = False
    """Only those whose deadline has passed."""
    working: bool = False
    """Only those that need somebody: not closed, not resting."""
    numbers: Sequence[int] = ()
    """Of these numbers."""
    answerable_by: str = ""
    """Awaiting a second review that this person may give: somebody else asked for it."""
    identity: str = ""
    """Following a campaign whose identity begins so."""
    order: Order = Order.NUMBER
    """In which order."""


@dataclass(frozen=True)
class Listed:
    """One page of cases."""

    cases: tuple[Case, ...]
    """Those of this page, in order."""
    total: int
    """How many there are on all pages."""


@dataclass(frozen=True)
class Counted:
    """How many cases there are."""

    by_state: Mapping[str, int]
    """By state; every state is named."""
    open_by_kind: Mapping[str, int]
    """Those not closed, by kind; every kind is named."""
    by_outcome: Mapping[str, int]
    """Those closed, by outcome."""
    working: int
    """Those that need somebody: neither closed nor resting."""
    nobodys: int
    """Those of them that are nobody's."""
    overdue: int
    """Those not closed whose deadline has passed."""
    oldest: float | None
    """When the oldest that needs somebody was opened, POSIX seconds; None: there is none."""


def listed(session: Session, wanted: Wanted, now: float, first: int = 0, most: int = LONGEST_PAGE) -> Listed:
    """Return a page of cases. now: POSIX seconds; first: how many come before the page; most: its length, of
    which LONGEST_PAGE are given at most.
    """
    told = _that(session, wanted, now)
    total = session.scalar(sa.select(sa.func.count()).select_from(CaseRow).where(*told)) or 0
    page = sa.select(CaseRow.id).where(*told).order_by(*_order(wanted.order, now))
    numbers = list(session.scalars(page.offset(max(first, 0)).limit(min(max(most, 0), LONGEST_PAGE))).all())
    by_number = {case.id: case for case in Store(session).cases(numbers)}
    return Listed(tuple(by_number[number] for number in numbers), total)


def counted(session: Session, now: float) -> Counted:
    """Return how many cases there are. now: POSIX seconds."""
    working = _working(now)
    whole = sa.func.count()
    row = session.execute(
        sa.select(whole, sa.func.min(CaseRow.opened)).select_from(CaseRow).where(*working)
    ).one()
    return Counted(
        dict.fromkeys(map(str, State), 0) | _by(session, CaseRow.state),
        dict.fromkeys(map(str, Kind), 0) | _by(session, CaseRow.kind, CaseRow.state != State.CLOSED),
        _by(session, CaseRow.outcome, CaseRow.state == State.CLOSED),
        row[0],
        _count(session, *working, CaseRow.assignee == ""),
        _count(session, *_overdue(now)),
        row[1],
    )


def _by(session: Session, column: Any, *where: Any) -> dict[str, int]:
    query = sa.select(column, sa.func.count()).where(*where).group_by(column)
    return {row[0]: row[1] for row in session.execute(query)}


def _count(session: Session, *where: Any) -> int:
    return session.scalar(sa.select(sa.func.count()).select_from(CaseRow).where(*where)) or 0


def _working(now: float) -> list[Any]:
    resting = CaseRow.snoozed_until
    return [CaseRow.state != State.CLOSED, sa.or_(resting.is_(None), resting <= now)]


def _overdue(now: float) -> list[Any]:
    return [CaseRow.state != State.CLOSED, CaseRow.deadline < now]


def _that(session: Session, wanted: Wanted, now: float) -> list[Any]:
    """The conditions of a query for the cases that are wanted."""
    told: list[Any] = []
    for column, names in (
        (CaseRow.state, wanted.states),
        (CaseRow.kind, wanted.kinds),
        (CaseRow.outcome, wanted.outcomes),
    ):
        if names:
            told.append(column.in_([one.lower() for one in names]))
    if wanted.numbers:
        told.append(CaseRow.id.in_(wanted.numbers))
    if wanted.assignee is not None:
        # No database compares names as people do, and there are few of them.
        known = session.scalars(sa.select(CaseRow.assignee).distinct())
        told.append(CaseRow.assignee.in_([one for one in known if folded(one) == folded(wanted.assignee)]))
    for tag in {one.lower() for one in wanted.tags}:
        told.append(CaseRow.id.in_(sa.select(TagRow.case_id).where(TagRow.tag == tag)))
    if wanted.identity:
        begins = IdentityRow.identity.startswith(wanted.identity, autoescape=True)
        told.append(CaseRow.id.in_(sa.select(IdentityRow.case_id).where(begins)))
    if wanted.answerable_by:
        asked = session.scalars(
            sa.select(CaseRow.proposed_by).where(CaseRow.state == State.SECOND_REVIEW).distinct()
        )
        others = [one for one in asked if folded(one) != folded(wanted.answerable_by)]
        told += [CaseRow.state == State.SECOND_REVIEW, CaseRow.proposed_by.in_(others)]
    if wanted.overdue:
        told += _overdue(now)
    if wanted.working:
        told += _working(now)
    return told


def _order(order: Order, now: float) -> tuple[Any, ...]:
    if order is Order.NEWEST:
        return (CaseRow.updated.desc(), CaseRow.id.desc())
    if order is Order.PRESSING:
        open_until = sa.case((CaseRow.state != State.CLOSED, CaseRow.deadline), else_=None)
        return (
            # The two databases put null at different ends.
            sa.case((open_until.is_(None), 1), else_=0),
            open_until,
            sa.case((CaseRow.kind == Kind.VICTIM, 0), else_=1),
            CaseRow.accounts.desc(),
            CaseRow.id,
        )
    return (CaseRow.id,)
