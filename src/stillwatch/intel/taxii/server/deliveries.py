"""Who fetched a version of an object that was corrected since, and has not fetched the correction."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from stillwatch.intel.member import Member
from stillwatch.intel.taxii.server.members import known_number
from stillwatch.intel.taxii.server.models import (
    NONE_ABOVE,
    CollectionRow,
    DeletedRow,
    FetchedRow,
    MemberRow,
    ObjectRow,
)

MOST = 1_000
"""Corrected objects of an answer at most."""


@dataclass(frozen=True)
class Waiting:
    """A member that holds an older version and not the newest."""

    identity: str
    """Its identity."""
    version: str
    """The newest version that it fetched."""
    may_read: bool
    """Whether its clearance, as it was seen last, suffices for the newest; if not, tell it by another way."""


@dataclass(frozen=True)
class Delivery:
    """A corrected, revoked or deleted object of a collection."""

    id: str
    """Its id."""
    collection: str
    """Id of the collection."""
    version: str
    """Its newest version; of a deleted one, the last."""
    added: int
    """When the newest was added, or the object deleted, in microseconds."""
    revoked: bool
    """Whether the newest revokes it."""
    deleted: bool
    """Whether it was deleted: then no fetch tells of it, and who has it must be told by another way."""
    reached: int
    """Members that fetched the newest."""
    waiting: tuple[Waiting, ...]
    """Members that hold an older one."""


def deliveries(session: Session, member: Member, after: int = -1, most: int = MOST) -> list[Delivery]:
    """Return what a member made and then corrected, in the order of the corrections; for the coordinator,
    of all members. after: only corrections after this moment, in microseconds; deleted objects come last.
    """
    row = ObjectRow
    mine = known_number(session, member)
    if mine is None and not member.coordinator:
        return []
    query = (
        sa.select(
            row.collection, row.object_id, row.version_text, row.added, row.revoked, row.level, row.adder
        )
        .where(row.last_below == NONE_ABOVE, row.first_below < NONE_ABOVE, row.added > after)
        .order_by(row.added)
        .limit(min(most, MOST))
    )
    newest = session.execute(query if member.coordinator else query.where(row.adder == mine)).all()
    names = dict(iter(session.execute(sa.select(CollectionRow.number, CollectionRow.id))))
    held = _held(session, [(found.collection, found.object_id) for found in newest])
    told = [
        _delivery(found, names[found.collection], held[found.collection, found.object_id]) for found in newest
    ]
    return told + _deleted(session, None if member.coordinator else mine, names, after)


@dataclass(frozen=True)
class _Held:
    """One version that one member fetched."""

    member: int
    identity: str
    clearance: int
    added: int
    version: int
    version_text: str


def _held(session: Session, wanted: list[tuple[int, str]]) -> defaultdict[tuple[int, str], list[_Held]]:
    row, read, who = ObjectRow, FetchedRow, MemberRow
    held: defaultdict[tuple[int, str], list[_Held]] = defaultdict(list)
    for start in range(0, len(wanted), 200):
        part = wanted[start : start + 200]
        query = (
            sa.select(
                row.collection,
                row.object_id,
                who.number,
                who.identity,
                who.clearance,
                row.added,
                row.version,
                row.version_text,
            )
            .join(read, sa.and_(read.collection == row.collection, read.added == row.added))
            .join(who, who.number == read.member)
            .where(row.object_id.in_([object_id for _, object_id in part]), who.number != row.adder)
        )
        for place, one, number, identity, clearance, added, version, text in session.execute(query):
            held[place, one].append(_Held(number, identity, clearance, added, version, text))
    return held


def _delivery(newest: sa.Row[int, str, str, int, bool, int, int], name: str, held: list[_Held]) -> Delivery:
    reached = {one.member for one in held if one.added == newest.added}
    best: dict[int, _Held] = {}
    for one in held:
        if one.member not in reached and one.version >= best.get(one.member, one).version:
            best[one.member] = one
    waiting = tuple(
        Waiting(one.identity, one.version_text, one.clearance >= newest.level)
        for _, one in sorted(best.items())
    )
    return Delivery(
        id=newest.object_id,
        collection=name,
        version=newest.version_text,
        added=newest.added,
        revoked=newest.revoked,
        deleted=False,
        reached=len(reached),
        waiting=waiting,
    )


def _deleted(session: Session, mine: int | None, names: dict[int, str], after: int) -> list[Delivery]:
    """Deleted objects that somebody has, unless a version of them is there again."""
    gone, read, who = DeletedRow, FetchedRow, MemberRow
    query = (
        sa.select(gone.collection, gone.object_id, gone.version_text, gone.deleted, who.identity)
        .join(read, sa.and_(read.collection == gone.collection, read.added == gone.added))
        .join(who, who.number == read.member)
        .where(gone.deleted > after, who.number != gone.adder)
        .where(
            ~sa.exists().where(ObjectRow.collection == gone.collection, ObjectRow.object_id == gone.object_id)
        )
        .order_by(gone.deleted, gone.object_id, gone.added)
        .limit(MOST)
    )
    found: dict[tuple[int, str], tuple[str, int, dict[str, str]]] = {}
    for collection, object_id, version, deleted, identity in session.execute(
        query if mine is None else query.where(gone.adder == mine)
    ):
        _, _, members = found.get((collection, object_id), ("", 0, {}))
        found[collection, object_id] = (version, deleted, {**members, identity: version})
    return [
        Delivery(
            id=object_id,
            collection=names[collection],
            version=version,
            added=deleted,
            revoked=False,
            deleted=True,
            reached=0,
            waiting=tuple(Waiting(one, held, False) for one, held in sorted(members.items())),
        )
        for (collection, object_id), (version, deleted, members) in found.items()
    ]
