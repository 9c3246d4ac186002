"""The tables of playbooks that are run. All but check_failures only show what events say."""

from __future__ import annotations

from sqlalchemy import Double, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from stillwatch.cases.models import Base


class PlaybookFileRow(Base):
    """A playbook as it was when the first run of this version began."""

    __tablename__ = "playbook_files"

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    seq: Mapped[int] = mapped_column(ForeignKey("events.seq"))
    content: Mapped[str] = mapped_column(Text)


class PlaybookRunRow(Base):
    """One run of a playbook for a case: `playbook_runs.PlaybookRun` without its marks."""

    __tablename__ = "playbook_runs"
    __table_args__ = (Index("ix_playbook_runs_state", "state"),)

    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    playbook: Mapped[str] = mapped_column(Text)
    title: Mapped[str] = mapped_column(Text)
    sha256: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(16))
    begun: Mapped[float] = mapped_column(Double)
    begun_by: Mapped[str] = mapped_column(Text)
    updated: Mapped[float] = mapped_column(Double)


class PlaybookStepRow(Base):
    """Where one step of a run stands: `playbook_runs.Mark`."""

    __tablename__ = "playbook_steps"

    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    step: Mapped[str] = mapped_column(String(80), primary_key=True)
    stands: Mapped[str] = mapped_column(String(16))
    since: Mapped[float] = mapped_column(Double)
    actor: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    choice: Mapped[str] = mapped_column(String(250))


class CheckFailureRow(Base):
    """Since when a check is not met. It is what was measured, and no decision: no event tells of it."""

    __tablename__ = "check_failures"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    case_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    since: Mapped[float] = mapped_column(Double)
