"""Tables of the gate: who we are, what was to leave, who approved it, what counts cost."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from stillwatch.errors import IntelError
from stillwatch.intel.schema_versions import keep_version, version_of

PIECE, VERSION = "gate", 1


class Base(DeclarativeBase):
    """The tables of this piece."""


class SelfRow(Base):
    """Who the provider is in STIX, and its secret. One row."""

    __tablename__ = "gate_self"
    one: Mapped[int] = mapped_column(primary_key=True)
    identity: Mapped[str] = mapped_column(sa.String(64))
    name: Mapped[str] = mapped_column(sa.String(64))
    key: Mapped[bytes] = mapped_column(sa.LargeBinary(32))


class ExportRow(Base):
    """Something that is to leave, or left."""

    __tablename__ = "gate_exports"
    number: Mapped[int] = mapped_column(primary_key=True)
    profile: Mapped[str] = mapped_column(sa.String(32))
    subject: Mapped[str] = mapped_column(sa.String(256))
    made: Mapped[float]
    by: Mapped[str] = mapped_column("made_by", sa.String(200))
    purpose: Mapped[str] = mapped_column(sa.String(32))
    tlp: Mapped[int]
    sha256: Mapped[str] = mapped_column(sa.String(64), index=True)
    content: Mapped[bytes] = mapped_column(sa.LargeBinary)
    state: Mapped[str] = mapped_column(sa.String(16))
    approver: Mapped[str] = mapped_column(sa.String(200), default="")
    decided: Mapped[float | None]
    reason: Mapped[str] = mapped_column(sa.String(1_000), default="")


class ReleaseRow(Base):
    """Once that an export was written out."""

    __tablename__ = "gate_releases"
    number: Mapped[int] = mapped_column(primary_key=True)
    export: Mapped[int] = mapped_column(sa.ForeignKey("gate_exports.number"), index=True)
    at: Mapped[float]
    by: Mapped[str] = mapped_column("given_by", sa.String(200))
    to: Mapped[str] = mapped_column("given_to", sa.String(400))
    sha256: Mapped[str] = mapped_column(sa.String(64))


class ObjectRow(Base):
    """A version of an object of our own that was to leave."""

    __tablename__ = "gate_objects"
    id: Mapped[str] = mapped_column(sa.String(110), primary_key=True)
    modified: Mapped[str] = mapped_column(sa.String(32), primary_key=True)
    export: Mapped[int] = mapped_column(sa.ForeignKey("gate_exports.number"), index=True)
    content: Mapped[str] = mapped_column(sa.Text)


class SpentRow(Base):
    """A count that was given away, and what it cost."""

    __tablename__ = "gate_spent"
    key: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    scope: Mapped[str] = mapped_column(sa.String(32), index=True)
    measure: Mapped[str] = mapped_column(sa.String(64))
    epsilon: Mapped[str] = mapped_column(sa.String(64))
    value: Mapped[int] = mapped_column(sa.BigInteger)
    at: Mapped[float]


class PermissionRow(Base):
    """The permission of an owner, asked for and answered."""

    __tablename__ = "gate_permissions"
    number: Mapped[int] = mapped_column(primary_key=True)
    export: Mapped[int] = mapped_column(sa.ForeignKey("gate_exports.number"), index=True)
    owner: Mapped[str] = mapped_column(sa.String(200))
    asked: Mapped[float]
    asked_by: Mapped[str] = mapped_column(sa.String(200))
    answered: Mapped[float | None]
    answered_by: Mapped[str] = mapped_column(sa.String(200), default="")
    granted: Mapped[bool | None]


def make_tables(session: Session) -> None:
    """Make the tables where they are missing. Raises IntelError where a newer version made them."""
    connection = session.connection()
    found = version_of(session, PIECE)
    if found is not None and found > VERSION:
        raise IntelError(
            f"the store of sharing was made by a newer version of Stillwatch (schema {found})",
            where="table intel_schema",
            do="use that version; this one must not touch it",
        )
    Base.metadata.create_all(connection, checkfirst=True)
    if found is None:
        keep_version(session, PIECE, VERSION)
