"""Delete what a member made itself."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session

from stillwatch.intel.member import Member
from stillwatch.intel.taxii.server.asked import Asked
from stillwatch.intel.taxii.server.collection import Collection
from stillwatch.intel.taxii.server.fault import TaxiiFault, not_there
from stillwatch.intel.taxii.server.members import number_of
from stillwatch.intel.taxii.server.models import DeletedRow, ObjectRow
from stillwatch.intel.taxii.server.reading import Entry, chosen, facts_of, seen_by
from stillwatch.intel.taxii.server.spans import span_again
from stillwatch.intel.witness import Witness


def delete(
    session: Session,
    collection: Collection,
    member: Member,
    object_id: str,
    asked: Asked,
    witness: Witness,
    now: int,
) -> int:
    """Delete the versions of an object that are asked for, and return how many. Who had fetched them stays
    known. Raises TaxiiFault 404 where there are none, 403 where another member brought them.
    """
    row = ObjectRow
    if not asked.stix:
        raise not_there("object")
    query = (
        sa.select(row.adder, row.added, row.object_id, row.version, row.version_text, row.size)
        .where(*seen_by(collection, member), row.object_id == object_id, *chosen(asked, member))
        .order_by(row.added)
    )
    found = session.execute(query).all()
    if not found:
        raise not_there("object")
    number = number_of(session, member)
    if any(adder != number for adder, *_ in found):
        raise TaxiiFault(403, "another member brought this object: only who made it may delete it")
    entries = [Entry(*one[1:]) for one in found]
    session.add_all(
        DeletedRow(
            collection=collection.number,
            added=entry.added,
            object_id=entry.id,
            version_text=entry.version_text,
            adder=number,
            deleted=now,
        )
        for entry in entries
    )
    session.execute(
        sa.delete(row).where(
            row.collection == collection.number, row.added.in_([entry.added for entry in entries])
        )
    )
    session.flush()
    span_again(session, collection.number, {object_id})
    witness(session, "object.deleted", member, facts_of(collection, entries))
    return len(entries)
