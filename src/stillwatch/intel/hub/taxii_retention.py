"""Deletes from collections what is past its retention."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session

from stillwatch.intel.member import Channel
from stillwatch.intel.taxii.server.models import CollectionRow, DeletedRow, FetchedRow, ObjectRow
from stillwatch.intel.taxii.server.spans import span_again

AT_ONCE = 5_000
"""Versions deleted in one statement."""
MICROS = 1_000_000


def purge(session: Session, channel: Channel, before: float) -> int:
    """Delete the versions that were added to a channel's collections before a moment, in seconds since 1970,
    and who fetched them; return how many versions.
    """
    numbers = session.scalars(sa.select(CollectionRow.number).where(CollectionRow.channel == channel.value))
    return sum(_purged(session, number, int(before * MICROS)) for number in list(numbers))


def _purged(session: Session, collection: int, before: int) -> int:
    count = 0
    row = ObjectRow
    while True:
        found = session.execute(
            sa.select(row.added, row.object_id)
            .where(row.collection == collection, row.added < before)
            .order_by(row.added)
            .limit(AT_ONCE)
        ).all()
        if not found:
            break
        last = found[-1].added
        session.execute(sa.delete(row).where(row.collection == collection, row.added <= last))
        span_again(session, collection, {one.object_id for one in found})
        count += len(found)
    for kept in (FetchedRow, DeletedRow):
        session.execute(sa.delete(kept).where(kept.collection == collection, kept.added < before))
    session.flush()
    return count
