"""What we gave and should take back: its case was closed otherwise, or an appeal about it was granted."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from stillwatch.cases.models import AppealRow, CaseRow, IdentityRow
from stillwatch.cases.states import DISMISSES, Outcome, State
from stillwatch.intel.desk.given import Given, given, given_ids

GRANTED = ("overturn", "partly")
"""Answers to an appeal by which the customer was right."""
WRONG = (*DISMISSES, Outcome.LICENSED, Outcome.VICTIM)
"""Outcomes after which what was said about a campaign does not hold."""


@dataclass(frozen=True)
class Proposed:
    """A correction that somebody should make."""

    export: Given
    """What we gave."""
    case: int
    """The case that it is about."""
    why: str
    """What happened, in a sentence; no account is named."""
    revoke: bool
    """Whether all of it no longer holds; else somebody says which of its tokens still do."""
    objects: tuple[str, ...]
    """Ids of our objects in it."""
    since: float
    """When it happened, seconds since 1970."""

    def document(self) -> dict[str, Any]:
        """It as plain values."""
        return {
            "export": self.export.number,
            "case": self.case,
            "why": self.why,
            "do": "take all of it back" if self.revoke else "take back what no longer holds",
            "objects": list(self.objects),
            "to": sorted({to for _, to in self.export.releases}),
            "acknowledged": list(self.export.acknowledged),
        }


def proposed(session: Session, cases: Session) -> list[Proposed]:
    """Return the corrections that are due, the oldest first: for each export that went out, until one about
    the same went out after what happened. cases: a session of the store of cases.
    """
    if not sa.inspect(cases.connection()).has_table("cases"):
        return []
    everything = given(session)
    found = []
    for one in everything:
        if not one.releases or one.purpose == "correction":
            continue
        for case in _cases_about(cases, one.subject):
            due = _due(cases, case)
            if due is None:
                continue
            why, revoke, since = due
            mended = any(
                other.subject == one.subject
                and other.purpose == "correction"
                and any(at >= since for at, _ in other.releases)
                for other in everything
            )
            if not mended and since >= one.made:
                found.append(
                    Proposed(one, case.id, why, revoke, tuple(given_ids(session, one.number)), since)
                )
    return sorted(found, key=lambda item: (item.since, item.export.number))


def _cases_about(session: Session, subject: str) -> list[CaseRow]:
    """The cases that follow a campaign. subject: its identity, or the number of a case as `case 12`."""
    asked = sa.select(CaseRow).where(
        sa.or_(
            CaseRow.identity == subject,
            CaseRow.family == subject,
            CaseRow.id.in_(sa.select(IdentityRow.case_id).where(IdentityRow.identity == subject)),
        )
    )
    found = list(session.scalars(asked.order_by(CaseRow.id)))
    name = subject.removeprefix("case ").strip()
    if not found and name.isdigit() and len(name) < 10:
        row = session.get(CaseRow, int(name))
        return [row] if row is not None else []
    return found


def _due(session: Session, case: CaseRow) -> tuple[str, bool, float] | None:
    if case.state == State.CLOSED and case.outcome in WRONG:
        return f"Case {case.id} was closed as {case.outcome}.", True, case.updated
    asked = sa.select(AppealRow).where(AppealRow.case_id == case.id, AppealRow.state == "answered")
    granted = []
    for row in session.scalars(asked):
        told = json.loads(row.data)
        if told.get("answer") in GRANTED:
            granted.append(float(told.get("answered") or row.opened))
    if not granted:
        return None
    many = "An appeal" if len(granted) == 1 else f"{len(granted)} appeals"
    return (
        f"{many} about case {case.id} {'was' if len(granted) == 1 else 'were'} granted.",
        False,
        max(granted),
    )
