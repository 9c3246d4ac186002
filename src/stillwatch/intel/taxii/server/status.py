"""Find what became of an envelope."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session

from stillwatch.intel.member import Member
from stillwatch.intel.taxii.server.collection import ID
from stillwatch.intel.taxii.server.members import known_number
from stillwatch.intel.taxii.server.models import StatusRow


def status_of(session: Session, member: Member, root: str, status_id: str) -> bytes | None:
    """Return a status as JSON; None where it is not there, or another member's."""
    if not ID.fullmatch(status_id):
        return None
    row = StatusRow
    query = sa.select(row.content).where(
        row.id == status_id, row.root == root, row.member == known_number(session, member)
    )
    found = session.scalar(query)
    return bytes(found) if found is not None else None
