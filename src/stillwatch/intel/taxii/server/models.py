"""The tables of the server. Levels are those of TLP; moments are microseconds since 1970."""

from __future__ import annotations

from sqlalchemy import BigInteger, Index, LargeBinary, MetaData, SmallInteger, String, Text, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

NONE_ABOVE = 5
"""A level above all: no other version of an object is in the way."""


class Base(DeclarativeBase):
    """What all tables have in common."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_label)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class SchemaRow(Base):
    """Which version of its tables a piece has made; every piece of intel has a row here."""

    __tablename__ = "intel_schema"

    piece: Mapped[str] = mapped_column(String(32), primary_key=True)
    version: Mapped[int]


class SecretRow(Base):
    """What the server signs with; all its processes share it, and a restart keeps it."""

    __tablename__ = "taxii_secrets"

    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    value: Mapped[bytes] = mapped_column(LargeBinary)


class RootRow(Base):
    """An API root."""

    __tablename__ = "taxii_roots"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    title: Mapped[str] = mapped_column(Text)
    description: Mapped[str] = mapped_column(Text)


class CollectionRow(Base):
    """A collection: `collection.Collection`, and the last moment at which something was added."""

    __tablename__ = "taxii_collections"
    __table_args__ = (UniqueConstraint("root", "alias"),)

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    id: Mapped[str] = mapped_column(String(36), unique=True)
    root: Mapped[str] = mapped_column(String(64))
    alias: Mapped[str | None] = mapped_column(String(64))
    title: Mapped[str] = mapped_column(Text)
    description: Mapped[str] = mapped_column(Text)
    channel: Mapped[str] = mapped_column(String(32))
    ceiling: Mapped[int] = mapped_column(SmallInteger)
    reads: Mapped[bool]
    writes: Mapped[bool]
    named: Mapped[str] = mapped_column(Text)
    last_added: Mapped[int] = mapped_column(BigInteger)


class MemberRow(Base):
    """A member that has read or added something, and the clearance that it had last."""

    __tablename__ = "taxii_members"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    identity: Mapped[str] = mapped_column(String(64), unique=True)
    clearance: Mapped[int] = mapped_column(SmallInteger)


class ObjectRow(Base):
    """One version of an object in a collection.

    It is the last one for a member of clearance c where level <= c < last_below, and the first one where
    level <= c < first_below: versions above a clearance do not exist for it.
    """

    __tablename__ = "taxii_objects"
    __table_args__ = (
        UniqueConstraint("collection", "object_id", "version"),
        Index("ix_taxii_objects_type", "collection", "type", "added"),
        Index("ix_taxii_objects_object_id", "object_id"),
        Index("ix_taxii_objects_corrected", "first_below", "adder", "added"),
    )

    collection: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    added: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    object_id: Mapped[str] = mapped_column(Text)
    version: Mapped[int] = mapped_column(BigInteger)
    version_text: Mapped[str] = mapped_column(String(40))
    type: Mapped[str] = mapped_column(Text)
    level: Mapped[int] = mapped_column(SmallInteger)
    last_below: Mapped[int] = mapped_column(SmallInteger)
    first_below: Mapped[int] = mapped_column(SmallInteger)
    adder: Mapped[int]
    revoked: Mapped[bool]
    size: Mapped[int]
    sha256: Mapped[bytes] = mapped_column(LargeBinary)
    content: Mapped[bytes] = mapped_column(LargeBinary)


class DeletedRow(Base):
    """A version that its creator deleted; who had fetched it stays known."""

    __tablename__ = "taxii_deleted"

    collection: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    added: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    object_id: Mapped[str] = mapped_column(Text, index=True)
    version_text: Mapped[str] = mapped_column(String(40))
    adder: Mapped[int] = mapped_column(index=True)
    deleted: Mapped[int] = mapped_column(BigInteger)


class FetchedRow(Base):
    """That a member was given a version of an object."""

    __tablename__ = "taxii_fetched"
    __table_args__ = ({"sqlite_with_rowid": False},)

    collection: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    added: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    member: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)


class StatusRow(Base):
    """What became of an envelope."""

    __tablename__ = "taxii_statuses"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    root: Mapped[str] = mapped_column(String(64))
    member: Mapped[int]
    made: Mapped[int] = mapped_column(BigInteger, index=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)


class UseRow(Base):
    """What a member added on a day."""

    __tablename__ = "taxii_use"

    member: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    day: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    objects: Mapped[int]
    bytes: Mapped[int] = mapped_column(BigInteger)
