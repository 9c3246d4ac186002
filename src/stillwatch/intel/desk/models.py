"""The tables of the desk. Rows of what came, what was judged and what was given are never changed, but for
the content that retention takes out.
"""

from __future__ import annotations

from sqlalchemy import Double, ForeignKey, Index, MetaData, String, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    """What all tables of the desk have in common."""

    metadata = MetaData()


class SourceRow(Base):
    """Where objects come from: a member, or a hub that passes on what members share."""

    __tablename__ = "desk_sources"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    """Its short name here."""
    identity: Mapped[str] = mapped_column(String(64))
    """The only STIX identity that it speaks for; empty: it passes on what others made, and vouches for it."""
    added: Mapped[float] = mapped_column(Double)
    """When it was added, seconds since 1970."""


class ObjectRow(Base):
    """One version of an object by one maker."""

    __tablename__ = "desk_objects"
    __table_args__ = (
        Index("ix_desk_objects_what", "id", "maker"),
        Index("ix_desk_objects_type", "type", "counts"),
    )

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    """SHA-256 of its canonical JSON: the same version twice is one row."""
    id: Mapped[str] = mapped_column(String(100))
    """Its STIX id."""
    maker: Mapped[str] = mapped_column(String(100))
    """Who made it: `created_by_ref`; two makers of one id are two objects."""
    type: Mapped[str] = mapped_column(String(64))
    """Its STIX type."""
    created: Mapped[float] = mapped_column(Double)
    """When the object was made, as its maker says."""
    modified: Mapped[float] = mapped_column(Double)
    """When this version was made, as its maker says."""
    revoked: Mapped[bool]
    """Whether this version takes the object back."""
    tlp: Mapped[int]
    """How far it may go: a value of Tlp."""
    ends: Mapped[float | None] = mapped_column(Double)
    """`valid_until`; None: it has none."""
    counts: Mapped[bool]
    """Whether it is the version that counts now."""
    vouched: Mapped[bool]
    """Whether a source that may speak for its maker brought it; what is hearsay is kept and never counts."""
    first_arrived: Mapped[float] = mapped_column(Double)
    """When it came first."""
    content: Mapped[str] = mapped_column(Text)
    """The object as JSON; empty where retention took it out."""
    refs: Mapped[str] = mapped_column(Text)
    """Ids that it speaks of (opinion, sighting, relationship, note), sorted, one a line."""


class ArrivalRow(Base):
    """That a source brought a version."""

    __tablename__ = "desk_arrivals"

    digest: Mapped[str] = mapped_column(ForeignKey("desk_objects.digest"), primary_key=True)
    source: Mapped[str] = mapped_column(ForeignKey("desk_sources.name"), primary_key=True)
    at: Mapped[float] = mapped_column(Double)
    """When it came first from there."""


class RefusedRow(Base):
    """An object that came and could not be used."""

    __tablename__ = "desk_refused"

    number: Mapped[int] = mapped_column(primary_key=True)
    source: Mapped[str] = mapped_column(ForeignKey("desk_sources.name"))
    at: Mapped[float] = mapped_column(Double)
    batch: Mapped[str] = mapped_column(String(64))
    """SHA-256 of what it came in."""
    place: Mapped[int]
    """Its place there, from 0."""
    id: Mapped[str] = mapped_column(String(120))
    why: Mapped[str] = mapped_column(String(200))


class JudgementRow(Base):
    """What a person here decided about a report."""

    __tablename__ = "desk_judgements"

    number: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(String(100), index=True)
    maker: Mapped[str] = mapped_column(String(100))
    judged: Mapped[str] = mapped_column(String(32))
    """confirmed, false positive, disputed or open: a code of judging.Judged."""
    by: Mapped[str] = mapped_column(Text)
    at: Mapped[float] = mapped_column(Double)
    reason: Mapped[str] = mapped_column(Text)


class MatchRow(Base):
    """How much of a run a report matched, in numbers; account names stay in the run."""

    __tablename__ = "desk_matches"

    run: Mapped[str] = mapped_column(String(64), primary_key=True)
    """The run's id."""
    id: Mapped[str] = mapped_column(String(100), primary_key=True)
    reporter: Mapped[str] = mapped_column(String(100), primary_key=True)
    digest: Mapped[str] = mapped_column(String(64))
    """The run's digest."""
    kind: Mapped[str] = mapped_column(String(32))
    accounts: Mapped[int]
    """Accounts of the run that it matched and that have rows of their own; 0 for a value that many share."""
    groups: Mapped[str] = mapped_column(Text)
    """Identities of the campaigns whose accounts it matched, one a line."""
    review: Mapped[int]
    """How many of these are for review because of it and others like it."""
    at: Mapped[float] = mapped_column(Double)


class AcknowledgedRow(Base):
    """That a member says that it took over what an export of ours corrected."""

    __tablename__ = "desk_acknowledged"

    export: Mapped[int] = mapped_column(primary_key=True)
    """Number of the export, as the gate gave it."""
    member: Mapped[str] = mapped_column(String(64), primary_key=True)
    at: Mapped[float] = mapped_column(Double)


class PurgedRow(Base):
    """One run of retention."""

    __tablename__ = "desk_purged"

    number: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[float] = mapped_column(Double)
    versions: Mapped[int]
