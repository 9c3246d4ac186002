"""The tables of a hub: members and their keys, agreements, and the log."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import BigInteger, Double, ForeignKey, Index, LargeBinary, MetaData, String, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from stillwatch.errors import IntelError
from stillwatch.intel.hub.growing import let_only_grow

PIECE, VERSION = "hub", 1
GROWING = ("log_leaves", "log_nodes", "log_checkpoints", "log_cosignatures")
"""Tables whose rows the database itself lets nobody change or delete."""


class Base(DeclarativeBase):
    """What all tables have in common."""

    metadata = MetaData()


class AboutRow(Base):
    """The hub itself; one row."""

    __tablename__ = "hub_about"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    origin: Mapped[str] = mapped_column(Text)
    public: Mapped[bytes] = mapped_column(LargeBinary)
    made: Mapped[float] = mapped_column(Double)


class MemberRow(Base):
    """A member. One that was removed stays, since the log names it."""

    __tablename__ = "hub_members"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    identity: Mapped[str] = mapped_column(String(64), unique=True)
    title: Mapped[str] = mapped_column(Text)
    clearance: Mapped[int]
    writes: Mapped[bool]
    coordinator: Mapped[bool]
    joined: Mapped[float] = mapped_column(Double)
    removed: Mapped[float | None] = mapped_column(Double)


class KeyRow(Base):
    """A public key of a member: Ed25519, 32 bytes. At most one of each member has no end."""

    __tablename__ = "hub_keys"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    member: Mapped[str] = mapped_column(ForeignKey("hub_members.name"), index=True)
    public: Mapped[bytes] = mapped_column(LargeBinary)
    added: Mapped[float] = mapped_column(Double)
    ended: Mapped[float | None] = mapped_column(Double)


class TokenRow(Base):
    """A token of a member, as the SHA-256 of its secret."""

    __tablename__ = "hub_tokens"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    member: Mapped[str] = mapped_column(ForeignKey("hub_members.name"), index=True)
    hash: Mapped[str] = mapped_column(String(64))
    label: Mapped[str] = mapped_column(Text)
    made: Mapped[float] = mapped_column(Double)
    expires: Mapped[float] = mapped_column(Double)
    ended: Mapped[float | None] = mapped_column(Double)


class SeenRow(Base):
    """A signed request that was taken; it is not taken twice."""

    __tablename__ = "hub_seen"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    until: Mapped[float] = mapped_column(Double, index=True)


class AgreementRow(Base):
    """An agreement, as the text whose digest its parties sign."""

    __tablename__ = "hub_agreements"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    agreement: Mapped[str] = mapped_column(String(64), index=True)
    version: Mapped[int]
    document: Mapped[str] = mapped_column(Text)
    added: Mapped[float] = mapped_column(Double)
    ended: Mapped[float | None] = mapped_column(Double)


class AcceptanceRow(Base):
    """That a party signed an agreement."""

    __tablename__ = "hub_acceptances"

    digest: Mapped[str] = mapped_column(ForeignKey("hub_agreements.digest"), primary_key=True)
    member: Mapped[str] = mapped_column(ForeignKey("hub_members.name"), primary_key=True)
    key: Mapped[str] = mapped_column(ForeignKey("hub_keys.id"))
    signature: Mapped[bytes] = mapped_column(LargeBinary)
    time: Mapped[float] = mapped_column(Double)


class LeafRow(Base):
    """An entry of the log; its hash is made from the very text that stands here."""

    __tablename__ = "log_leaves"

    index: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    content: Mapped[str] = mapped_column(Text)
    hash: Mapped[bytes] = mapped_column(LargeBinary)


class ConcernRow(Base):
    """Whom an entry concerns: they may read it."""

    __tablename__ = "log_concerns"

    identity: Mapped[str] = mapped_column(String(64), primary_key=True)
    index: Mapped[int] = mapped_column(ForeignKey("log_leaves.index"), primary_key=True)


class NodeRow(Base):
    """A complete subtree of two leaves or more; the leaves themselves stand in `log_leaves`."""

    __tablename__ = "log_nodes"

    level: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    index: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    hash: Mapped[bytes] = mapped_column(LargeBinary)


class CheckpointRow(Base):
    """A checkpoint that the hub signed."""

    __tablename__ = "log_checkpoints"

    size: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    root: Mapped[bytes] = mapped_column(LargeBinary)
    note: Mapped[str] = mapped_column(Text)
    time: Mapped[float] = mapped_column(Double)


class CosignatureRow(Base):
    """A member's signature under a checkpoint."""

    __tablename__ = "log_cosignatures"
    __table_args__ = (Index("ix_log_cosignatures_member", "member", "size"),)

    size: Mapped[int] = mapped_column(ForeignKey("log_checkpoints.size"), primary_key=True)
    member: Mapped[str] = mapped_column(ForeignKey("hub_members.name"), primary_key=True)
    key: Mapped[str] = mapped_column(ForeignKey("hub_keys.id"))
    line: Mapped[bytes] = mapped_column(LargeBinary)
    time: Mapped[float] = mapped_column(Double)


def make_tables(session: Session) -> None:
    """Make the tables that are not there. Raises IntelError where a newer version made them."""
    connection = session.connection()
    connection.execute(
        sa.text(
            "CREATE TABLE IF NOT EXISTS intel_schema "
            "(piece VARCHAR(64) PRIMARY KEY, version INTEGER NOT NULL)"
        )
    )
    found = version_of(session)
    if found is not None and found > VERSION:
        raise IntelError(
            f"a newer version of Stillwatch made this hub (schema {found}, and this one knows {VERSION})",
            where="table intel_schema",
            do="use that version; this one must not touch it",
        )
    if found == VERSION:
        return
    Base.metadata.create_all(connection, checkfirst=True)
    for table in GROWING:
        let_only_grow(connection, table)
    connection.execute(
        sa.text("INSERT INTO intel_schema (piece, version) VALUES (:piece, :version)"),
        {"piece": PIECE, "version": VERSION},
    )


def version_of(session: Session) -> int | None:
    """Return the version of the hub's tables; None where there are none."""
    if not sa.inspect(session.connection()).has_table("intel_schema"):
        return None
    found = session.scalar(sa.text("SELECT version FROM intel_schema WHERE piece = :piece"), {"piece": PIECE})
    return None if found is None else int(found)
