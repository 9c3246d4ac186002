"""Tables of the look-up service: keys of epochs, spending of members, batches, alarms."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from stillwatch.errors import IntelError
from stillwatch.intel.schema_versions import keep_version, version_of

PIECE, VERSION = "token", 1


class Base(DeclarativeBase):
    """The tables of this piece."""


class EpochKey(Base):
    """The key of one epoch."""

    __tablename__ = "token_epoch_keys"
    epoch: Mapped[str] = mapped_column(sa.String(10), primary_key=True)
    public_key: Mapped[bytes] = mapped_column(sa.LargeBinary)
    sealed: Mapped[bytes | None] = mapped_column(sa.LargeBinary)
    """Its seed under the service's secret; nothing once the epoch is over."""
    made: Mapped[float]


class Spending(Base):
    """What a member spent in one epoch."""

    __tablename__ = "token_spending"
    member: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    epoch: Mapped[str] = mapped_column(sa.String(10), primary_key=True)
    spent: Mapped[int] = mapped_column(sa.BigInteger)
    requests: Mapped[int] = mapped_column(sa.BigInteger)
    full_in_a_row: Mapped[int]


class Batch(Base):
    """A batch that was answered, so that a lost answer costs nothing the second time."""

    __tablename__ = "token_batches"
    member: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    epoch: Mapped[str] = mapped_column(sa.String(10), primary_key=True)
    digest: Mapped[bytes] = mapped_column(sa.LargeBinary(32), primary_key=True)
    inputs: Mapped[int]
    answers: Mapped[int]
    at: Mapped[float]
    __table_args__ = (sa.Index("token_batches_at", "member", "epoch", "at"),)


class Alarm(Base):
    """What looked like enumeration. One row for each member, epoch and kind."""

    __tablename__ = "token_alarms"
    member: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    epoch: Mapped[str] = mapped_column(sa.String(10), primary_key=True)
    kind: Mapped[str] = mapped_column(sa.String(32), primary_key=True)
    at: Mapped[float]
    spent: Mapped[int] = mapped_column(sa.BigInteger)


def make_tables(session: Session, piece: str = PIECE, base: type[DeclarativeBase] = Base) -> None:
    """Make what is missing. Raises IntelError where a newer Stillwatch made the tables."""
    connection = session.connection()
    found = version_of(session, piece)
    if found is not None and found > VERSION:
        raise IntelError(
            "the database was made by a newer Stillwatch",
            where=f"tables {piece}_…: version {found}, known is {VERSION}",
            do="use that version, or another database",
        )
    base.metadata.create_all(connection, checkfirst=True)
    if found is None:
        keep_version(session, piece, VERSION)
