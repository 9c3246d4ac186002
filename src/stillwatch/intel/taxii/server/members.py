"""Numbers of members: rows that say who fetched what stay small."""

from __future__ import annotations

from collections.abc import Callable, Collection

import sqlalchemy as sa
from sqlalchemy.orm import Session

from stillwatch.intel.member import Member
from stillwatch.intel.taxii.server.models import MemberRow

Belong = Callable[[Session, Collection[str]], set[str]]
"""Which of some identities are those of members."""


def seen_here(session: Session, identities: Collection[str]) -> set[str]:
    """Return which of some identities are those of members that read or added something here."""
    wanted = sorted(identities)
    found: set[str] = set()
    for start in range(0, len(wanted), 500):
        part = MemberRow.identity.in_(wanted[start : start + 500])
        found |= set(session.scalars(sa.select(MemberRow.identity).where(part)))
    return found


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
