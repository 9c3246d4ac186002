"""Numbers of members: rows that say who fetched what stay small."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session

from stillwatch.intel.member import Member
from stillwatch.intel.taxii.server.models import MemberRow


def number_of(session: Session, member: Member) -> int:
    """Return the number of a member, within a writing session; its clearance is noted."""
    row = session.scalars(sa.select(MemberRow).where(MemberRow.identity == member.identity)).one_or_none()
    if row is None:
        number = (session.scalar(sa.select(sa.func.max(MemberRow.number))) or 0) + 1
        row = MemberRow(number=number, identity=member.identity, clearance=int(member.clearance))
        session.add(row)
    row.clearance = int(member.clearance)
    session.flush()
    return row.number


def known_number(session: Session, member: Member) -> int | None:
    """Return the number of a member; None where it has neither read nor added anything."""
    return session.scalar(sa.select(MemberRow.number).where(MemberRow.identity == member.identity))
