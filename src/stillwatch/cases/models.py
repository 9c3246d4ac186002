"""The tables of the store of cases. All but events, evidence, checkpoints and
appeal_texts only show what events say.
"""

from __future__ import annotations

from sqlalchemy import Double, ForeignKey, Index, LargeBinary, MetaData, String, Text, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

GROWING = ("events", "evidence", "checkpoints", "delivery_log", "access_log")
"""Tables whose rows no database changes or deletes: triggers refuse it."""


class Base(DeclarativeBase):
    """What all tables have in common."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_label)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class CaseRow(Base):
    """A case as its events make it: `case.Case` without what stands in tables of its own."""

    __tablename__ = "cases"
    __table_args__ = (Index("ix_cases_state", "state"), Index("ix_cases_assignee", "assignee"))

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    version: Mapped[int]
    identity: Mapped[str] = mapped_column(Text)
    family: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(String(32))
    state: Mapped[str] = mapped_column(String(32))
    outcome: Mapped[str] = mapped_column(String(32))
    assignee: Mapped[str] = mapped_column(Text)
    assigned_by: Mapped[str] = mapped_column(Text)
    opened: Mapped[float] = mapped_column(Double)
    updated: Mapped[float] = mapped_column(Double)
    snoozed_until: Mapped[float | None] = mapped_column(Double)
    deadline: Mapped[float | None] = mapped_column(Double)
    proposed_by: Mapped[str] = mapped_column(Text)
    approved_by: Mapped[str] = mapped_column(Text)
    approved_accounts: Mapped[int]
    accounts: Mapped[int]
    found: Mapped[str] = mapped_column(Text)
    judged: Mapped[str] = mapped_column(Text)


class EventRow(Base):
    """An event: `event.Event`."""

    __tablename__ = "events"

    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    time: Mapped[float] = mapped_column(Double)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), index=True)
    action: Mapped[str] = mapped_column(String(32))
    actor: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    previous: Mapped[str] = mapped_column(Text)
    new: Mapped[str] = mapped_column(Text)
    before: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64), unique=True)


class EvidenceRow(Base):
    """What a run said of a case's campaign, kept as it was."""

    __tablename__ = "evidence"

    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    seq: Mapped[int] = mapped_column(ForeignKey("events.seq"))
    content: Mapped[bytes] = mapped_column(LargeBinary)


class CheckpointRow(Base):
    """A signed statement of what the last event was."""

    __tablename__ = "checkpoints"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    seq: Mapped[int]
    hash: Mapped[str] = mapped_column(String(64))
    time: Mapped[float] = mapped_column(Double)
    key: Mapped[str] = mapped_column(String(64))
    signature: Mapped[str] = mapped_column(String(128))


class IdentityRow(Base):
    """One identity that a case follows or followed."""

    __tablename__ = "identities"
    __table_args__ = (UniqueConstraint("case_id", "place"),)

    identity: Mapped[str] = mapped_column(Text, primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"))
    place: Mapped[int]


class TagRow(Base):
    """One tag of a case."""

    __tablename__ = "tags"

    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    tag: Mapped[str] = mapped_column(String(64), primary_key=True, index=True)


class LinkRow(Base):
    """One link of a case to another."""

    __tablename__ = "links"

    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    link: Mapped[str] = mapped_column(String(32), primary_key=True)
    other_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), primary_key=True, index=True)


class NoteRow(Base):
    """One note of a case."""

    __tablename__ = "notes"

    seq: Mapped[int] = mapped_column(ForeignKey("events.seq"), primary_key=True, autoincrement=False)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), index=True)
    time: Mapped[float] = mapped_column(Double)
    actor: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)


class LabelRow(Base):
    """What a decision teaches later searches: `case.Label`."""

    __tablename__ = "labels"
    __table_args__ = (Index("ix_labels_scope", "scope", "subject"),)

    seq: Mapped[int] = mapped_column(ForeignKey("events.seq"), primary_key=True, autoincrement=False)
    place: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), index=True)
    scope: Mapped[str] = mapped_column(String(16))
    subject: Mapped[str] = mapped_column(Text)
    label: Mapped[str] = mapped_column(String(32))
    outcome: Mapped[str] = mapped_column(Text)
    expires: Mapped[float] = mapped_column(Double)
    data: Mapped[str] = mapped_column(Text)


class PlanRow(Base):
    """A plan: `remedy.Plan`, what is looked for in columns, the whole in `data`; so do all that follow."""

    __tablename__ = "plans"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), index=True)
    number: Mapped[int]
    state: Mapped[str] = mapped_column(String(16), index=True)
    data: Mapped[str] = mapped_column(Text)


class CrowdRow(Base):
    """Accounts that steps are about: `remedy.Crowd`."""

    __tablename__ = "crowds"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), index=True)
    number: Mapped[int]
    plan_id: Mapped[str] = mapped_column(String(64), index=True)
    data: Mapped[str] = mapped_column(Text)


class StepRow(Base):
    """A step: `remedy.Step`."""

    __tablename__ = "steps"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), index=True)
    number: Mapped[int]
    plan_id: Mapped[str] = mapped_column(String(64), index=True)
    state: Mapped[str] = mapped_column(String(16), index=True)
    data: Mapped[str] = mapped_column(Text)


class LetterRow(Base):
    """A letter: `remedy.Letter`."""

    __tablename__ = "letters"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), index=True)
    number: Mapped[int]
    state: Mapped[str] = mapped_column(String(16), index=True)
    data: Mapped[str] = mapped_column(Text)


class NoticeRow(Base):
    """A letter to one account: `remedy.Notice`."""

    __tablename__ = "notices"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), index=True)
    number: Mapped[int]
    letter_id: Mapped[str] = mapped_column(String(64), index=True)
    account: Mapped[str] = mapped_column(Text, index=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    data: Mapped[str] = mapped_column(Text)


class AppealRow(Base):
    """An appeal: `remedy.Appeal`."""

    __tablename__ = "appeals"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), index=True)
    number: Mapped[int]
    notice_id: Mapped[str] = mapped_column(String(64), index=True)
    account: Mapped[str] = mapped_column(Text, index=True)
    state: Mapped[str] = mapped_column(String(16), index=True)
    opened: Mapped[float] = mapped_column(Double, index=True)
    due: Mapped[float] = mapped_column(Double)
    restoration: Mapped[str] = mapped_column(String(16))
    data: Mapped[str] = mapped_column(Text)


class AppealTextRow(Base):
    """What a customer wrote. It can be erased; the appeal keeps its hash."""

    __tablename__ = "appeal_texts"

    appeal_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    text: Mapped[str] = mapped_column(Text)


class MeasureRow(Base):
    """What a later run shows: `remedy.Measure`."""

    __tablename__ = "measures"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), index=True)
    number: Mapped[int]
    data: Mapped[str] = mapped_column(Text)
