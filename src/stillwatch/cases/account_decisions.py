"""What people decided about single accounts of a case."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from stillwatch.cases.labels import ACCOUNT
from stillwatch.cases.models import EventRow, LabelRow


@dataclass(frozen=True)
class Decided:
    """The last decision about one account."""

    account: str
    """Its id as runs show it."""
    label: str
    """confirmed, cleared, exempted or permit found."""
    time: float
    """When, POSIX seconds."""
    actor: str
    """Who."""
    reason: str
    """Why."""
    expires: float
    """When it ends, POSIX seconds."""


def decided(session: Session, case: int, accounts: Sequence[str]) -> dict[str, Decided]:
    """Return the last decision of a case about each of some accounts that has one."""
    query = (
        sa.select(
            LabelRow.subject,
            LabelRow.label,
            EventRow.time,
            EventRow.actor,
            EventRow.reason,
            LabelRow.expires,
        )
        .join(EventRow, EventRow.seq == LabelRow.seq)
        .where(LabelRow.case_id == case, LabelRow.scope == ACCOUNT, LabelRow.subject.in_(accounts))
        .order_by(LabelRow.seq)
    )
    return {row[0]: Decided(*row) for row in session.execute(query)}


def decided_accounts(session: Session, case: int) -> dict[str, str]:
    """Return the last decision of a case about every account that has one."""
    query = (
        sa.select(LabelRow.subject, LabelRow.label)
        .where(LabelRow.case_id == case, LabelRow.scope == ACCOUNT)
        .order_by(LabelRow.seq)
    )
    return {row[0]: row[1] for row in session.execute(query)}


def counts_of(decisions: Mapping[str, str]) -> dict[str, int]:
    """Return how many accounts each decision is about."""
    found: dict[str, int] = {}
    for label in decisions.values():
        found[label] = found.get(label, 0) + 1
    return found
