"""Retention: the content of what has run out is taken out; that it was here stays in the history."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session

from stillwatch.intel.desk.models import ObjectRow, PurgedRow

DAY = 86_400.0
SPEAKING = ("opinion", "sighting", "relationship", "note")
"""Types that speak of others, and go with them."""


def purge(session: Session, retention_days: float, now: float) -> int:
    """Take out the content of versions that have run out; returns how many: those that ended, or were taken
    back or replaced, `retention_days` ago, those without an end that came so long ago and a year more,
    and what speaks of nothing else. Ids, makers, times and digests stay, so that what was received, judged
    and matched can still be told.
    """
    line = now - retention_days * DAY
    old = sa.or_(
        ObjectRow.ends < line,
        sa.and_(ObjectRow.revoked.is_(True), ObjectRow.first_arrived < line),
        sa.and_(ObjectRow.counts.is_(False), ObjectRow.first_arrived < line),
        sa.and_(ObjectRow.ends.is_(None), ObjectRow.first_arrived < line - 365 * DAY),
    )
    # The row of a version that takes back stays, so that it goes on doing so.
    gone = {
        row.digest: row.id
        for row in session.scalars(
            sa.select(ObjectRow).where(old, ObjectRow.content != "", ObjectRow.type.not_in(SPEAKING))
        )
    }
    everything = session.execute(sa.select(ObjectRow.digest, ObjectRow.id).where(ObjectRow.content != ""))
    left = {row.id for row in everything if row.digest not in gone} if gone else set()
    lost = set(gone.values()) - left
    if lost:
        for row in session.scalars(
            sa.select(ObjectRow).where(ObjectRow.content != "", ObjectRow.type.in_(SPEAKING))
        ):
            refs = set(row.refs.split())
            if refs & lost and not refs & left:
                gone[row.digest] = row.id
    for start in range(0, len(gone), 500):
        some = list(gone)[start : start + 500]
        session.execute(sa.update(ObjectRow).where(ObjectRow.digest.in_(some)).values(content=""))
    if gone:
        session.add(PurgedRow(at=now, versions=len(gone)))
    session.flush()
    return len(gone)
