"""What came, and how far each source was fetched, in the provider's own database."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy import LargeBinary, MetaData, String, Text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from stillwatch.cases.database import Database
from stillwatch.errors import IntelError
from stillwatch.intel.schema_versions import keep_version, version_of
from stillwatch.intel.stix.limits import DEFAULT
from stillwatch.intel.taxii.client.places import Arrived, Place, Source

TOO_DEEP = "an object that is nested too deeply was here"
"""Kept instead of such an object, for the caller to refuse: within a bundle it would spoil all the others."""
PIECE = "taxii_inbox"
VERSION = 1
Also = Callable[[Session, Sequence[Any]], None]
"""What a caller does with the objects of a page, in the transaction in which they are kept."""


class Base(DeclarativeBase):
    """What both tables have in common."""

    metadata = MetaData(naming_convention={"pk": "pk_%(table_name)s"})


class PlaceRow(Base):
    """How far a source was fetched: `places.Place`."""

    __tablename__ = "taxii_places"

    collection: Mapped[str] = mapped_column(Text, primary_key=True)
    filters: Mapped[str] = mapped_column(Text, primary_key=True)
    added_after: Mapped[str] = mapped_column(String(40))
    next: Mapped[str] = mapped_column(Text)
    seen: Mapped[str] = mapped_column(String(40))
    fetched: Mapped[int]


class ReceivedRow(Base):
    """One version of an object that came from a collection, unchecked, once."""

    __tablename__ = "taxii_received"

    collection: Mapped[str] = mapped_column(Text, primary_key=True)
    object_id: Mapped[str] = mapped_column(Text, primary_key=True)
    version: Mapped[str] = mapped_column(String(64), primary_key=True)
    received: Mapped[int]
    content: Mapped[bytes] = mapped_column(LargeBinary)


def make_tables(session: Session) -> None:
    """Make the tables where they are not yet, within a writing session. Raises IntelError where a newer
    Stillwatch made them.
    """
    Base.metadata.create_all(session.connection(), checkfirst=True)
    known = version_of(session, PIECE)
    if known is None:
        keep_version(session, PIECE, VERSION)
    elif known > VERSION:
        raise IntelError(
            f"the tables of what came are of version {known}; this one knows up to {VERSION}",
            where="table intel_schema",
            do="use the Stillwatch that made them, or a newer one",
        )
    session.flush()


class Inbox:
    """Keeps what a fetch brings; `keep` is what `fetching.fetch` takes."""

    def __init__(self, database: Database, source: Source, also: Also | None = None) -> None:
        """also: done with the objects of each page that are new, in the same transaction."""
        self.database, self.source, self.also = database, source, also
        self.fresh = 0
        self._key = (
            source.collection,
            orjson.dumps(dict(source.filters), option=orjson.OPT_SORT_KEYS).decode(),
        )
        database.make_file()
        with database.writing() as session:
            make_tables(session)

    def place(self) -> Place:
        """Return how far the source was fetched."""
        with self.database.reading() as session:
            row = session.get(PlaceRow, self._key)
        return Place(row.added_after, row.next, row.seen) if row else Place()

    def keep(self, arrived: Arrived, place: Place) -> None:
        """Keep a page and the place after it, all or nothing. An object without an id is kept under its
        digest: it is for the caller to refuse it.
        """
        now = int(time.time())
        with self.database.writing() as session:
            objects = [one if _is_flat(one) else TOO_DEEP for one in arrived.objects]
            fresh = [one for one in objects if self._new(session, one, now)]
            if self.also is not None:
                self.also(session, fresh)
            row = session.get(PlaceRow, self._key)
            if row is None:
                row = PlaceRow(collection=self._key[0], filters=self._key[1])
                session.add(row)
            row.added_after, row.next, row.seen, row.fetched = place.added_after, place.next, place.seen, now
        self.fresh += len(fresh)

    def _new(self, session: Session, item: Any, now: int) -> bool:
        """Keep an object, and return whether it was not there."""
        object_id, version = _named(item)
        kind: Any = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
        done = session.execute(
            kind.insert(ReceivedRow)
            .values(
                collection=self.source.collection,
                object_id=object_id,
                version=version,
                received=now,
                content=orjson.dumps(item),
            )
            .on_conflict_do_nothing()
            .returning(ReceivedRow.received)
        )
        return done.first() is not None


def received(session: Session, collection: str) -> list[Any]:
    """Return the objects that came from a collection, by id and version."""
    row = ReceivedRow
    query = sa.select(row.content).where(row.collection == collection).order_by(row.object_id, row.version)
    return [orjson.loads(content) for content in session.scalars(query)]


def _named(item: Any) -> tuple[str, str]:
    """Id and version of an object; a digest where it has none that can be kept."""
    digest = hashlib.sha256(orjson.dumps(item, option=orjson.OPT_SORT_KEYS)).hexdigest()
    if not isinstance(item, dict):
        return f"sha256:{digest}", ""
    object_id, version = item.get("id"), item.get("modified", item.get("created", digest))
    if not _keepable(object_id, 300) or not _keepable(version, 64):
        return f"sha256:{digest}", ""
    return str(object_id), str(version)


def _is_flat(item: Any) -> bool:
    """Whether an object is nested no deeper than the limit. Walks without recursion."""
    level = [item]
    for _ in range(DEFAULT.depth + 1):
        level = [
            inner
            for one in level
            if isinstance(one, dict | list)
            for inner in (one.values() if isinstance(one, dict) else one)
        ]
    return not level


def _keepable(value: Any, longest: int) -> bool:
    return isinstance(value, str) and len(value) <= longest and "\x00" not in value
