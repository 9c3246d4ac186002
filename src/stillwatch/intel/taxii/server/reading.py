"""Read a page of a collection by its keys, and note who was given what."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from stillwatch.intel.member import Member
from stillwatch.intel.taxii.server.asked import Asked
from stillwatch.intel.taxii.server.collection import Collection
from stillwatch.intel.taxii.server.members import number_of
from stillwatch.intel.taxii.server.models import FetchedRow, MemberRow, ObjectRow
from stillwatch.intel.witness import Witness

ROW = ObjectRow
KEYS = (ROW.added, ROW.object_id, ROW.version, ROW.version_text, ROW.size)


@dataclass(frozen=True)
class Entry:
    """One version of an object, without its content."""

    added: int
    """When it was added, in microseconds; no two of a collection are equal."""
    id: str
    """Id of the object."""
    version: int
    """Its version, in microseconds."""
    version_text: str
    """Its version, as its creator wrote it."""
    size: int
    """Bytes of its content."""


@dataclass(frozen=True)
class Page:
    """Some entries in the order in which they were added."""

    entries: tuple[Entry, ...]
    """The entries."""
    more: bool
    """Whether there is more after them."""


def page_of(
    session: Session,
    collection: Collection,
    member: Member,
    asked: Asked,
    after: int,
    most_bytes: int | None = None,
) -> Page:
    """Return what a member may see and asks for, after a position. most_bytes: the page ends before the
    contents are larger together, but for its first.
    """
    if not asked.stix or asked.ids == () or asked.types == ():
        return Page((), False)
    query = (
        sa.select(*KEYS)
        .where(
            *seen_by(collection, member), ROW.added > max(after, asked.added_after), *chosen(asked, member)
        )
        .order_by(ROW.added)
        .limit(asked.limit + 1)
    )
    found = [Entry(*row) for row in session.execute(query)]
    entries = found[: asked.limit]
    if most_bytes is not None:
        entries = entries[: _fitting(entries, most_bytes)]
    return Page(tuple(entries), len(entries) < len(found))


def seen_by(collection: Collection, member: Member) -> tuple[sa.ColumnElement[bool], ...]:
    """The conditions that a row of a collection meets to be there for a member."""
    return ROW.collection == collection.number, ROW.level <= int(member.clearance)


def is_there(session: Session, collection: Collection, member: Member, object_id: str) -> bool:
    """Whether a member may see any version of an object."""
    query = sa.select(ROW.added).where(*seen_by(collection, member), ROW.object_id == object_id).limit(1)
    return session.scalar(query) is not None


def contents_of(session: Session, collection: Collection, entries: Sequence[Entry]) -> list[bytes]:
    """Return the contents of entries, in their order; one that was deleted meanwhile is left out."""
    if not entries:
        return []
    query = (
        sa.select(ROW.content)
        .where(ROW.collection == collection.number, ROW.added.in_([entry.added for entry in entries]))
        .order_by(ROW.added)
    )
    return [bytes(content) for content in session.scalars(query)]


def note_read(
    session: Session, collection: Collection, member: Member, entries: Sequence[Entry], witness: Witness
) -> None:
    """Note in a writing session that a member is given the contents of entries, and tell the witness."""
    number = number_of(session, member)
    kind: Any = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    session.execute(
        kind.insert(FetchedRow).on_conflict_do_nothing(),
        [{"collection": collection.number, "added": entry.added, "member": number} for entry in entries],
    )
    facts = facts_of(collection, entries) | {"creator": _adders(session, collection, entries)}
    witness(session, "object.read", member, facts)


def _adders(session: Session, collection: Collection, entries: Sequence[Entry]) -> str:
    """The identities of the members that brought entries: they may know that these were read."""
    query = (
        sa.select(MemberRow.identity)
        .join(ROW, ROW.adder == MemberRow.number)
        .where(ROW.collection == collection.number, ROW.added.in_([entry.added for entry in entries]))
        .distinct()
        .order_by(MemberRow.identity)
    )
    return " ".join(session.scalars(query))


def facts_of(collection: Collection, entries: Sequence[Entry]) -> dict[str, str | int]:
    """What a witness is told of entries: how many, and one digest over their ids and versions."""
    return {
        "collection": collection.id,
        "channel": collection.channel.value,
        "count": len(entries),
        "ids_sha256": ids_digest((entry.id, entry.version_text) for entry in entries),
    }


def ids_digest(pairs: Any) -> str:
    """Return SHA-256 over ids and versions in order, a line for each: `id version`."""
    lines = "".join(f"{object_id} {version}\n" for object_id, version in sorted(pairs))
    return hashlib.sha256(lines.encode()).hexdigest()


def chosen(asked: Asked, member: Member) -> list[sa.ColumnElement[bool]]:
    """The conditions of the match filters, as a member sees versions."""
    conditions: list[sa.ColumnElement[bool]] = []
    if asked.ids is not None:
        conditions.append(ROW.object_id.in_(asked.ids))
    if asked.types is not None:
        conditions.append(ROW.type.in_(asked.types))
    if "all" not in asked.words:
        clearance = int(member.clearance)
        any_of: list[sa.ColumnElement[bool]] = []
        if "last" in asked.words:
            any_of.append(ROW.last_below > clearance)
        if "first" in asked.words:
            any_of.append(ROW.first_below > clearance)
        if asked.versions:
            any_of.append(ROW.version.in_(sorted(asked.versions)))
        conditions.append(sa.or_(*any_of))
    return conditions


def _fitting(entries: Sequence[Entry], most_bytes: int) -> int:
    total = 0
    for number, entry in enumerate(entries):
        total += entry.size
        if total > most_bytes and number:
            return number
    return len(entries)
